import { layOverPrototype, type Stop } from './descriptor.js';
import type { Method } from './method.js';

/** One call of a method, as whoever amends it wants it to be. Nothing of it may throw. */
export interface AmendedCall {
  /** What the method is called with, in place of what it was called with. */
  readonly args: readonly unknown[];
  returned(result: unknown): void;
  /** It threw. What, is not caught: see `watchMethod`. */
  threw(): void;
}

/**
 * Lets whoever wants to amend the arguments of a method of a prototype. It stands on the stack as one frame.
 *
 * @param amend Called before the method; `undefined`: the call is of no interest. Must not throw.
 * @returns Puts back the very descriptor that was there. Under somebody else's patch ours stays, and only passes on.
 */
export function amendMethod<Self>(
  prototype: object,
  name: string,
  amend: (self: Self, args: readonly unknown[]) => AmendedCall | undefined,
): Stop {
  const own = Object.getOwnPropertyDescriptor(prototype, name)?.value as Method | undefined;
  let active = true;
  const methods = {
    [name](this: Self, ...args: unknown[]): unknown {
      const below: Method = own ?? Object.getPrototypeOf(prototype)[name];
      const call = active ? amend(this, args) : undefined;
      if (call === undefined) {
        return Reflect.apply(below, this, args);
      }
      let returned = false;
      try {
        const result = Reflect.apply(below, this, call.args);
        returned = true;
        call.returned(result);
        return result;
      } finally {
        if (!returned) {
          call.threw();
        }
      }
    },
  };
  const putBack = layOverPrototype(prototype, name, methods[name]);
  return () => {
    active = false;
    putBack();
  };
}
