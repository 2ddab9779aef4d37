import { AsyncLocalStorage } from 'node:async_hooks';
import { layOverObject } from '../../patch/descriptor.js';
import type { UndiciRequest } from '../channels.js';
import type { Caller } from '../request-trace.js';

/** The context in which undici tells an interceptor what became of a request. */
interface Telling {
  /** Who called. */
  readonly caller: Caller;
  /** Who seems to call: undici tells it in the context for which the connection was made. */
  readonly active: Caller;
}

type Tell = (this: object, ...args: unknown[]) => unknown;

/** The methods by which undici tells what became of a request; the latter three since undici 8. */
const TELLING = [
  ...['onHeaders', 'onComplete', 'onError'],
  ...['onResponseStart', 'onResponseEnd', 'onResponseError'],
];

/**
 * Interceptors that retry or redirect make further requests when they are told what became of one. Those belong to the
 * same caller, whatever the context is in which undici tells it.
 *
 * A store of our own, which no program sees, leads back to the caller: through timers and whatever else lies between.
 */
export class Interceptors {
  private readonly active: () => Caller;
  private readonly tellings = new AsyncLocalStorage<Telling>();

  constructor(active: () => Caller) {
    this.active = active;
  }

  /** Whose request an interceptor makes. */
  caller(): Caller {
    const active = this.active();
    const telling = this.tellings.getStore();
    // If the program has entered another context since, that one says who calls.
    return telling?.active === active ? telling.caller : active;
  }

  /** Requests that are made because of this one belong to the same caller. */
  follow(request: UndiciRequest, caller: Caller): void {
    for (const name of TELLING) {
      const below: unknown = Reflect.get(request, name);
      if (typeof below === 'function') {
        layOverObject(request, name, this.telling(below as Tell, caller));
      }
    }
  }

  private telling(below: Tell, caller: Caller): Tell {
    const { tellings, active } = this;
    return function tell(...args) {
      return tellings.run({ caller, active: active() }, Reflect.apply, below, this, args);
    };
  }
}
