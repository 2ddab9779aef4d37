import { setImmediate } from 'node:timers';
import type { Closing, ListenerContext, ResponseObserver } from './response-observer.js';

const FINISHED: Closing = { how: 'finished', headSent: true, unsent: 0 };

const NONE: readonly never[] = [];

/** Follows one response and tells its observers, each fact once. What a protocol adds is in the subclasses. */
export abstract class Follower {
  /** The layer of methods that serves this response; others pass on. */
  layer: object | undefined = undefined;
  listenIn: ListenerContext | undefined = undefined;
  /** Called once, before the observers are. */
  whenClosed: ((follower: Follower) => void) | undefined = undefined;
  /** What belongs to the response, and must be laid over too when the prototypes are put back. */
  companions: readonly object[] = NONE;
  protected statusCode: number | undefined = undefined;
  /** What the observers were told of the body. */
  protected bodyBytes = 0;
  protected countsBody = false;
  private closesFirst = false;
  private isFinished = false;
  private isClosed = false;
  private observers: readonly ResponseObserver[] = NONE;

  /** Lets the program's listeners of the response run in this context. */
  enter(listenIn: ListenerContext): void {
    this.listenIn = listenIn;
  }

  /** Tells the observer too from now on, and at once of a head that is written already. */
  tell(observer: ResponseObserver): void {
    this.lookAtHead();
    // Most have one: an array that grows takes room for more.
    this.observers = this.observers === NONE ? [observer] : [...this.observers, observer];
    this.countsBody ||= observer.countsBody;
    this.closesFirst ||= observer.closesBeforeListeners === true;
    if (this.statusCode !== undefined) {
      observer.wroteHead(this.statusCode);
    }
    if (this.isClosed) {
      setImmediate(() => observer.closed(this.closing()));
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
    if (this.isClosed) {
      return;
    }
    this.isClosed = true;
    this.whenClosed?.(this);
    this.lookAtHead();
    this.settle();
    const closing = this.closing();
    for (const observer of this.observers) {
      observer.closed(closing);
    }
  }

  /** Node writes the head by itself too, and others may have put their own methods there. */
  protected abstract lookAtHead(): void;

  /** What is to be done before the observers are told of the close. */
  protected abstract settle(): void;

  /** How a response that was not finished is closed. */
  protected abstract givenUp(): Closing;

  protected closesBeforeListeners(): boolean {
    return this.closesFirst;
  }

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

  private closing(): Closing {
    return this.isFinished ? FINISHED : this.givenUp();
  }
}
