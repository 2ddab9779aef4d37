import { setImmediate } from 'node:timers';
import type { Closing, ListenerContext, ResponseObserver } from './response-observer.js';

const FINISHED: Closing = { how: 'finished', headSent: true, unsent: 0 };

const NONE: readonly never[] = [];

/** Follows one response and tells its observers, each fact once. What a protocol adds is in the subclasses. */
export abstract class Follower {
  /** The layer of methods that serves this response; others pass on. */
  layer: object | undefined = undefined;
  listenIn: ListenerContext | undefined = undefined;
  /** The list that it is in until it is closed, and its neighbours there. */
  list: OpenFollowers | undefined = undefined;
  before: Follower | undefined = undefined;
  after: Follower | undefined = undefined;
  /** Called once, before the observers are. */
  whenClosed: (() => void) | undefined = undefined;
  /** Objects of the same request. They too get methods of their own when the prototypes are put back. */
  companions: readonly object[] = NONE;
  protected statusCode: number | undefined = undefined;
  /** What the observers were told of the body. */
  protected bodyBytes = 0;
  protected countsBody = false;
  /** Whether an observer wants to be told of the close before the program's own listeners are. */
  protected closesFirst = false;
  private isFinished = false;
  private closing: Closing | undefined = undefined;
  private observers: readonly ResponseObserver[] = NONE;

  /**
   * Tells the observer too from now on, and at once of a head that is written already.
   *
   * @param listenIn What the program's listeners of the response are to run in.
   */
  tell(observer: ResponseObserver, listenIn?: ListenerContext): void {
    this.listenIn ??= listenIn;
    if (this.statusCode === undefined) {
      this.lookAtHead();
    }
    // Most have one: an array that grows takes room for more.
    this.observers = this.observers === NONE ? [observer] : [...this.observers, observer];
    this.countsBody ||= observer.countsBody;
    this.closesFirst ||= observer.closesBeforeListeners === true;
    if (this.statusCode !== undefined) {
      observer.wroteHead(this.statusCode);
    }
    const { closing } = this;
    if (closing !== undefined) {
      setImmediate(() => observer.closed(closing));
    }
  }

  flushed(): void {
    for (const observer of this.observers) {
      observer.flushed?.();
    }
  }

  wroteInformational(statusCode: number): void {
    for (const observer of this.observers) {
      observer.wroteInformational?.(statusCode);
    }
  }

  pushed(path: string): void {
    for (const observer of this.observers) {
      observer.pushed?.(path);
    }
  }

  closed(): void {
    if (this.closing !== undefined) {
      return;
    }
    this.list?.remove(this);
    this.whenClosed?.();
    if (this.statusCode === undefined) {
      this.lookAtHead();
    }
    const closing = this.conclude();
    this.closing = closing;
    for (const observer of this.observers) {
      observer.closed(closing);
    }
  }

  /**
   * To be asked before each event.
   *
   * @param error What an `error` brings.
   * @returns Whether its listeners are to run in `listenIn`, which must be made active.
   */
  abstract willEmit(event: unknown, error: unknown): boolean;

  /** To be told after each event, whatever a listener threw. */
  emitted(event: unknown): void {
    if (event === 'close') {
      this.closed();
    }
  }

  /** Node writes the head by itself too, and others may have put their own methods there. */
  protected abstract lookAtHead(): void;

  /** How a response that was not finished is closed. */
  protected abstract givenUp(): Closing;

  protected head(statusCode: number, headers: unknown): void {
    this.statusCode = statusCode;
    for (const observer of this.observers) {
      observer.wroteHead(statusCode, headers);
    }
  }

  protected body(bytes: number): void {
    this.bodyBytes += bytes;
    for (const observer of this.observers) {
      observer.wroteBody(bytes);
    }
  }

  protected end(isHandedOver: boolean): void {
    for (const observer of this.observers) {
      observer.ended?.(isHandedOver);
    }
  }

  protected errored(error: unknown): void {
    for (const observer of this.observers) {
      observer.errored?.(error);
    }
  }

  protected finished(): void {
    this.isFinished = true;
    for (const observer of this.observers) {
      observer.finished?.();
    }
  }

  /** Looks for the last time, and says how the response came to its close. */
  protected conclude(): Closing {
    return this.isFinished ? FINISHED : this.givenUp();
  }
}

/**
 * The followers of one kind whose responses are under way. They are linked with each other: to add one to a `Set` and
 * to delete it again takes 800 instructions more.
 */
export class OpenFollowers {
  private last: Follower | undefined = undefined;

  add(follower: Follower): void {
    follower.list = this;
    follower.before = this.last;
    if (this.last !== undefined) {
      this.last.after = follower;
    }
    this.last = follower;
  }

  remove(follower: Follower): void {
    const { before, after } = follower;
    if (before !== undefined) {
      before.after = after;
    }
    if (after === undefined) {
      this.last = before;
    } else {
      after.before = before;
    }
    follower.list = undefined;
    follower.before = undefined;
    follower.after = undefined;
  }

  /** Removes all of them, and returns them. */
  removeAll(): Follower[] {
    const all: Follower[] = [];
    while (this.last !== undefined) {
      all.push(this.last);
      this.remove(this.last);
    }
    return all;
  }
}
