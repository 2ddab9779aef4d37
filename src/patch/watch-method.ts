import type { Stop } from './descriptor.js';
import type { Method } from './method.js';
import { overlayPrototype } from './overlay.js';

/** Called before the method, with the same arguments. Must not throw. */
export type Enter<Self, Token> = (self: Self, args: readonly unknown[]) => Token;

/**
 * Called when the method is done. Must not throw.
 *
 * @param token The result of `enter`.
 * @param returned Whether the method returned; `false` if it threw. The error is not caught: Node prints the line that threw
 * an uncaught error last, and that line must stay the program's.
 */
export type Leave<Token> = (token: Token, returned: boolean) => void;

/**
 * Watches the calls of a method that a prototype has or inherits.
 *
 * `enter` returns before the method is called, and `leave` is called when the method is done. So the method has one frame of
 * ours below it on the stack, and neither arguments nor result can be changed from here.
 *
 * @returns Puts back the descriptor that was there. A patch that somebody else has covered stays, and passes calls on.
 */
export function watchMethod<Self, Token>(
  prototype: object,
  name: string,
  enter: Enter<Self, Token>,
  leave?: Leave<Token>,
): Stop {
  let active = true;
  const putBack = overlayPrototype<Record<string, Method>>(prototype, {
    [name]: (own, parent) => {
      const methods = {
        [name](this: Self, ...args: unknown[]): unknown {
          const below = own ?? (parent[name] as Method);
          if (!active) {
            return Reflect.apply(below, this, args);
          }
          const token = enter(this, args);
          if (leave === undefined) {
            return Reflect.apply(below, this, args);
          }
          let returned = false;
          try {
            const result = Reflect.apply(below, this, args);
            returned = true;
            return result;
          } finally {
            leave(token, returned);
          }
        },
      };
      return methods[name] as Method;
    },
  });
  return () => {
    active = false;
    putBack();
  };
}

/** Watches the next call of a method of one object. The object is as it was before when that call begins. */
export function watchNextCall<Self, Token>(
  object: object,
  name: string,
  enter: Enter<Self, Token>,
  leave: Leave<Token>,
): void {
  const first: Enter<Self, Token> = (self, args) => {
    stop();
    return enter(self, args);
  };
  const stop = watchMethod(object, name, first, leave);
}
