import { layOverPrototype, type Stop } from '../../patch/descriptor.js';
import { AnnouncedRequest } from './announced-request.js';
import type { DispatchOptions } from './dispatch.js';
import { Exchange } from './exchange.js';
import { fieldOf, lastQueued } from './queue.js';

/** One call that waits until it fails or undici makes a request of it. */
interface WaitingCall {
  readonly options: DispatchOptions;
  readonly exchange: Exchange;
  /** Ends the watch for its failure. */
  readonly stop: () => void;
}

/**
 * The calls that wait in the queue of a pool. undici makes a request of such a call when a client is free for it, on any
 * stack. The call brought a handler, and the request carries it: that tells which call it was.
 */
export class WaitingCalls {
  private readonly byHandler = new WeakMap<object, WaitingCall>();
  /** How many there are at most. A pool may forget a call without telling anybody. */
  most = 0;
  private readonly failed: (exchange: Exchange, error: unknown) => void;

  /** @param failed Told that a call failed while it waited. Must not throw. */
  constructor(failed: (exchange: Exchange, error: unknown) => void) {
    this.failed = failed;
  }

  /**
   * A call came back without a request.
   *
   * @returns The exchange that has begun with it; `undefined` if it does not wait: it has failed, or it waited before.
   */
  add(dispatcher: object, options: DispatchOptions): Exchange | undefined {
    const item = lastQueued(dispatcher);
    const origin = options.origin ?? fieldOf(dispatcher, 'url');
    if (item?.opts !== options || !isOrigin(origin) || this.isWaiting(item.handler)) {
      return undefined;
    }
    const exchange = new Exchange(new AnnouncedRequest(options, origin), false);
    this.most++;
    this.byHandler.set(item.handler, { options, exchange, stop: this.watch(item.handler, exchange) });
    return exchange;
  }

  /** A request is made of a call. @returns The exchange that began with that very call, if it had to wait. */
  take(handler: object, options: DispatchOptions | undefined): Exchange | undefined {
    const call = this.byHandler.get(handler);
    if (call === undefined) {
      return undefined;
    }
    this.byHandler.delete(handler);
    this.most--;
    call.stop();
    // When an interceptor's handler is told of a failure, it calls again with options of its own.
    return call.exchange.settled && call.options !== options ? undefined : call.exchange;
  }

  private isWaiting(handler: object): boolean {
    return this.byHandler.get(handler)?.exchange.settled === false;
  }

  /** Nobody but the handler is told when a call fails in the queue. */
  private watch(handler: object, exchange: Exchange): () => void {
    const stops: Stop[] = [];
    const stop = () => {
      for (const each of stops.splice(0)) {
        each();
      }
    };
    const failed = (error: unknown) => {
      stop();
      this.failed(exchange, error);
    };
    // undici 8 renamed it.
    stops.push(watchArgs(handler, 'onError', ([error]) => failed(error)));
    stops.push(watchArgs(handler, 'onResponseError', ([, error]) => failed(error)));
    return stop;
  }
}

/** Sees with what a method of one object is called, if it has one of that name. */
function watchArgs(object: object, name: string, see: (args: readonly unknown[]) => void): Stop {
  const below: unknown = Reflect.get(object, name);
  if (typeof below !== 'function') {
    return () => undefined;
  }
  return layOverPrototype(object, name, function watched(this: object, ...args: unknown[]): unknown {
    see(args);
    return Reflect.apply(below, this, args);
  });
}

function isOrigin(origin: unknown): origin is string | URL {
  return typeof origin === 'string' || origin instanceof URL;
}
