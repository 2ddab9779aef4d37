import { AsyncLocalStorage } from 'node:async_hooks';
import { layOverObject } from '../../patch/descriptor.js';
import type { UndiciRequest } from '../channels.js';
import type { Caller } from '../request-trace.js';

/** In what undici tells an interceptor of a request. */
interface Telling {
  /** Who called. */
  readonly caller: Caller;
  /** Who would have called otherwise: undici tells it in the context of whoever it made its connection for. */
  readonly active: Caller;
}

type Tell = (this: object, ...args: unknown[]) => unknown;

/** How undici tells what became of a request; the latter half since undici 8. */
const TELLING = [
  ...['onHeaders', 'onComplete', 'onError'],
  ...['onResponseStart', 'onResponseEnd', 'onResponseError'],
];

/**
 * Interceptors, such as those that retry and redirect, make further requests when they are told what became of one.
 * Those are made for the same caller, though in whatever context undici tells it.
 *
 * What is told is followed by a store of our own, which no program sees: through timers and whatever else lies between.
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
    // Where the program has entered a context since, it says who calls.
    return telling?.active === active ? telling.caller : active;
  }

  /** Lets what is made because of this request be made for the same caller. */
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
