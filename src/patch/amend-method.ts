import { layOverPrototype, type Stop } from './descriptor.js';
import type { Method } from './method.js';

/** One call of a method with amended arguments. None of these functions may throw. */
export interface AmendedCall {
  /** The arguments that the method is given in place of the caller's. */
  readonly args: readonly unknown[];
  returned(result: unknown): void;
  /** The method threw. The error is not caught, see `watchMethod`. */
  threw(): void;
}

/**
 * Amends the arguments of a method of a prototype. The patch is one frame on the stack.
 *
 * @param amend Called before the method. Returns `undefined` to leave the call as it is. Must not throw.
 * @returns Puts back the descriptor that was there. A patch that somebody else has covered stays, and passes calls on.
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
