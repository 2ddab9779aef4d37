import { layOverPrototype, type Stop } from './descriptor.js';
import type { Method } from './method-layer.js';

/** Takes the place of a method. Calls `next` on `self` with `args` for what the method does. */
export type AroundCall = (next: Method, self: unknown, args: unknown[]) => unknown;

/**
 * Lays a function over a method of a prototype, whether the prototype has it of its own or inherits it. It stands on
 * the stack as two frames: where looking on is enough, `watchMethod` is one.
 *
 * What it gives back puts back the very descriptor that was there. Under somebody else's patch ours stays, and
 * only passes on.
 */
export function patchMethod(prototype: object, name: string, around: AroundCall): Stop {
  const original = Object.getOwnPropertyDescriptor(prototype, name)?.value as Method | undefined;
  let active = true;
  const patched = {
    [name](this: unknown, ...args: unknown[]): unknown {
      const next = original ?? inheritedMethod(prototype, name);
      return active ? around(next, this, args) : Reflect.apply(next, this, args);
    },
  }[name];
  const putBack = layOverPrototype(prototype, name, patched);
  return () => {
    active = false;
    putBack();
  };
}

/** Looked up at each call: what is inherited may be patched after us. */
function inheritedMethod(prototype: object, name: string): Method {
  return Object.getPrototypeOf(prototype)[name];
}
