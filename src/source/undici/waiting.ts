import { now } from '../../clock.js';
import { layOverPrototype } from '../../patch/descriptor.js';
import { AnnouncedRequest } from './announced-request.js';
import type { DispatchOptions } from './dispatch.js';
import { Exchange } from './exchange.js';
import { fieldOf, lastQueued } from './queue.js';

type TellError = (this: object, ...args: unknown[]) => unknown;

/**
 * The calls that wait in the queue of a pool. undici makes a request of such a call when a client is free for it, on
 * whoever's stack that is: the handler, which the call brought and the request carries, tells which call it was.
 */
export class WaitingCalls {
  private readonly byHandler = new WeakMap<object, Exchange>();
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
    if (item?.opts !== options || this.byHandler.has(item.handler) || !isOrigin(origin)) {
      return undefined;
    }
    const exchange = new Exchange(new AnnouncedRequest(options, origin), now());
    this.byHandler.set(item.handler, exchange);
    exchange.stopWaiting = this.watch(item.handler, exchange);
    return exchange;
  }

  /** A request is made of a call. @returns The exchange that began with the call, if it had to wait. */
  take(handler: object): Exchange | undefined {
    const exchange = this.byHandler.get(handler);
    if (exchange !== undefined) {
      this.byHandler.delete(handler);
      exchange.stopWaiting?.();
      exchange.stopWaiting = undefined;
    }
    return exchange;
  }

  /** Nobody but the handler is told when a call fails in the queue. */
  private watch(handler: object, exchange: Exchange): () => void {
    const stops = [
      // undici 8 renamed it.
      this.watchMethod(handler, 'onError', ([error]) => this.failed(exchange, error)),
      this.watchMethod(handler, 'onResponseError', ([, error]) => this.failed(exchange, error)),
    ];
    return () => {
      for (const stop of stops) {
        stop?.();
      }
    };
  }

  private watchMethod(
    handler: object,
    name: 'onError' | 'onResponseError',
    tell: (args: unknown[]) => void,
  ): (() => boolean) | undefined {
    const below: unknown = Reflect.get(handler, name);
    if (typeof below !== 'function') {
      return undefined;
    }
    const method: TellError = function (...args) {
      tell(args);
      return Reflect.apply(below, this, args);
    };
    return layOverPrototype(handler, name, method);
  }
}

function isOrigin(origin: unknown): origin is string | URL {
  return typeof origin === 'string' || origin instanceof URL;
}
