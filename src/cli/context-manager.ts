import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type ContextManager, ROOT_CONTEXT } from '@opentelemetry/api';

/** The context manager that `withClientTrace` needs. A bare install brings none. */
export class AsyncLocalStorageContextManager implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }

  with<Args extends unknown[], Fn extends (...args: Args) => ReturnType<Fn>>(
    ctx: Context,
    fn: Fn,
    thisArg?: ThisParameterType<Fn>,
    ...args: Args
  ): ReturnType<Fn> {
    return this.storage.run(ctx, () => fn.apply(thisArg, args));
  }

  /** Returns emitters as they are. Other managers bind them as well, but nothing here needs that. */
  bind<Target>(ctx: Context, target: Target): Target {
    if (typeof target !== 'function') {
      return target;
    }
    const bound = (...args: unknown[]): unknown => this.storage.run(ctx, () => target(...args));
    return Object.assign(bound, target);
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.storage.disable();
    return this;
  }
}
