import type { ParsedUrlQueryInput } from 'node:querystring';
import { layOverPrototype } from '../../patch/descriptor.js';
import type { Entrance } from './copies.js';

/** What a request is to be, as `dispatch` is given it. */
export interface DispatchOptions {
  readonly origin?: string | URL;
  readonly path: string;
  readonly method: string;
  readonly query?: ParsedUrlQueryInput | null;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly upgrade?: unknown;
}

type Dispatch = (this: object, options: DispatchOptions, handler: object) => boolean;

/** What a dispatcher was called with. */
export interface Dispatched {
  readonly options: DispatchOptions;
  readonly handler: object;
}

export interface DispatchListener {
  /**
   * A call came back, and no request was made: it waits in a queue, or has failed.
   *
   * @param dispatcher The innermost one that the call went through, with what that one was given.
   */
  withoutRequest(dispatcher: object, call: Dispatched): void;
  /** A call came back: all that it does at once is done. */
  cameBack(): void;
}

/**
 * Lies over the `dispatch` that all dispatchers of a copy of undici share, and so knows what is on the stack of a
 * caller's call.
 *
 * A call goes through several dispatchers, as from an agent to a pool to a client. All that is on the stack until a
 * request is made is one call, and the innermost of its dispatchers is the client that makes the request.
 */
export class Dispatches {
  private readonly listener: DispatchListener;
  /** What lies over which prototype, with what takes it off. */
  private readonly layers = new Map<object, () => boolean>();
  private isListening = false;
  /** Whether a call is on the stack that has made no request yet. */
  private isOpen = false;
  /** The innermost dispatcher on the stack, and what it was called with. */
  private dispatcher: object | undefined;
  options: DispatchOptions | undefined;
  handler: object | undefined;

  constructor(listener: DispatchListener) {
    this.listener = listener;
  }

  layOver({ prototype, name }: Entrance): void {
    this.isListening = true;
    if (!this.layers.has(prototype)) {
      const layer = this.over(Reflect.get(prototype, name));
      this.layers.set(prototype, layOverPrototype(prototype, name, layer));
    }
  }

  liesOver(prototype: object): boolean {
    return this.isListening && this.layers.has(prototype);
  }

  /** What somebody else's method lies over stays, and only passes on. */
  takeOff(): void {
    this.isListening = false;
    for (const [prototype, remove] of this.layers) {
      if (remove()) {
        this.layers.delete(prototype);
      }
    }
  }

  /** A request is made. @returns Whether by what was called here, with `options` and `handler`. */
  requestMade(): boolean {
    const { isOpen } = this;
    this.isOpen = false;
    return isOpen;
  }

  private over(below: Dispatch): Dispatch {
    const dispatches = this;
    return function dispatch(this: object, options, handler) {
      if (!dispatches.isListening || !dispatches.enter(this, options, handler)) {
        return below.call(this, options, handler);
      }
      let isBack = false;
      try {
        const accepted = below.call(this, options, handler);
        isBack = true;
        return accepted;
      } finally {
        dispatches.leave(isBack);
      }
    };
  }

  /** @returns Whether a call begins, and does not only go on to another dispatcher. */
  private enter(dispatcher: object, options: DispatchOptions, handler: object): boolean {
    const begins = !this.isOpen;
    this.isOpen = true;
    this.dispatcher = dispatcher;
    this.options = options;
    this.handler = handler;
    return begins;
  }

  private leave(isBack: boolean): void {
    const { isOpen, dispatcher, options, handler } = this;
    this.isOpen = false;
    this.dispatcher = undefined;
    this.options = undefined;
    this.handler = undefined;
    this.listener.cameBack();
    if (isOpen && isBack && dispatcher !== undefined && options !== undefined && handler !== undefined) {
      this.listener.withoutRequest(dispatcher, { options, handler });
    }
  }
}
