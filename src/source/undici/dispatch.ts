import { executionAsyncId } from 'node:async_hooks';
import type { ParsedUrlQueryInput } from 'node:querystring';
import { layOverPrototype } from '../../patch/descriptor.js';
import type { Exchange } from './exchange.js';

/** A method through which calls come to dispatchers. */
export interface Entrance {
  /** What these dispatchers inherit it from. */
  readonly prototype: object;
  readonly name: PropertyKey;
  /** The module that defines it, if it shows. */
  readonly file?: string;
}

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

/**
 * A call came back, and no request was made: it waits in a queue, or has failed.
 *
 * @param dispatcher The innermost one that the call went through, with what that one was given.
 */
export type WithoutRequest = (dispatcher: object, call: Dispatched) => void;

/** What is passed to its `then` runs when nothing of what runs now is on the stack any more. */
const STACK_EMPTY = Promise.resolve();

/**
 * Lies over the `dispatch` that all dispatchers of a copy of undici share, and so knows what is on the stack of a
 * caller's call: the call, the request that undici makes of it, and the dial that its client needs for that.
 *
 * A call goes through several dispatchers, as from an agent to a pool to a client. All that is on the stack until a
 * request is made is one call, and the innermost of its dispatchers is the client that makes the request.
 */
export class Dispatches {
  private readonly withoutRequest: WithoutRequest;
  /** For each prototype what takes ours off again. */
  private readonly layers = new Map<object, () => boolean>();
  private isListening = false;
  /** Whether a call is on the stack that has made no request yet. */
  private isOpen = false;
  /** The innermost dispatcher on the stack, and what it was called with. */
  private dispatcher: object | undefined;
  options: DispatchOptions | undefined;
  private handler: object | undefined;
  /** The request that was made last: its client may dial for it while that is on the stack. */
  private made: Exchange | undefined;
  /** The execution scope in which it was made, if its call was not seen, nor is it when that comes back. */
  private scope: number | undefined;
  /** Whose connector is on the stack, and has made no socket yet. */
  dialling: Exchange | undefined;
  private forgetsSoon = false;
  /** What is done from now on is done for something else. */
  readonly forget = () => {
    this.forgetsSoon = false;
    this.made = undefined;
    this.dialling = undefined;
  };

  constructor(withoutRequest: WithoutRequest) {
    this.withoutRequest = withoutRequest;
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

  /** A method of ours that somebody else's covers stays, and only passes on. */
  takeOff(): void {
    this.isListening = false;
    for (const [prototype, remove] of this.layers) {
      if (remove()) {
        this.layers.delete(prototype);
      }
    }
  }

  /** A request is made. @returns The handler of the call of which it is; `undefined` if that was not seen. */
  requestMade(): object | undefined {
    const { isOpen } = this;
    this.isOpen = false;
    return isOpen ? this.handler : undefined;
  }

  /**
   * From now on the client works for this request.
   *
   * @param isSeen Whether its call is on the stack. If not, the scope tells when it is over. A promise would cost 5,000
   * instructions on Node 20, where each promise is followed.
   */
  requestIs(made: Exchange, isSeen: boolean): void {
    this.made = made;
    this.scope = isSeen ? undefined : executionAsyncId();
  }

  /** The request that was made last by what is on the stack. */
  get madeOnStack(): Exchange | undefined {
    return this.scope === undefined || this.scope === executionAsyncId() ? this.made : undefined;
  }

  /** It has its connection: nobody dials for it. */
  requestSent(made: Exchange): void {
    if (this.made === made) {
      this.made = undefined;
    }
  }

  /**
   * undici writes a stream or an iterable one microtask later, for it may end in the same tick. That microtask is queued
   * right after this.
   */
  madeWith(body: object, made: Exchange): void {
    if (!ArrayBuffer.isView(body)) {
      queueMicrotask(() => {
        this.requestIs(made, true);
        this.forgetSoon();
      });
    }
  }

  /** A connector is called. */
  dialBegan(owner: Exchange | undefined): void {
    // A dispatch dials once at most.
    this.made = undefined;
    this.dialling = owner;
    this.forgetSoon();
  }

  /** The connector on the stack makes a socket, or sends a proxy the CONNECT to get one. @returns For whom. */
  takeDial(): Exchange | undefined {
    const { dialling } = this;
    this.dialling = undefined;
    return dialling;
  }

  private forgetSoon(): void {
    if (!this.forgetsSoon) {
      this.forgetsSoon = true;
      STACK_EMPTY.then(this.forget);
    }
  }

  private over(below: Dispatch): Dispatch {
    const dispatches = this;
    return function dispatch(this: object, options, handler) {
      if (!dispatches.isListening) {
        return below.call(this, options, handler);
      }
      const goesOn = dispatches.isOpen;
      dispatches.isOpen = true;
      dispatches.dispatcher = this;
      dispatches.options = options;
      dispatches.handler = handler;
      if (goesOn) {
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

  private leave(isBack: boolean): void {
    const { isOpen, dispatcher, options, handler } = this;
    this.isOpen = false;
    this.dispatcher = undefined;
    this.options = undefined;
    this.handler = undefined;
    if (this.made?.unsent) {
      // A client that is at work already dials for it only when the call is back.
      this.forgetSoon();
    } else {
      this.made = undefined;
    }
    this.dialling = undefined;
    if (isOpen && isBack && dispatcher !== undefined && options !== undefined && handler !== undefined) {
      this.withoutRequest(dispatcher, { options, handler });
    }
  }
}
