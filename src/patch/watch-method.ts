import type { Stop } from './descriptor.js';
import type { Method } from './method.js';
import { overlayPrototype } from './overlay.js';

/** Called before the method, with what it is called with. Must not throw. */
export type Enter<Self, Token> = (self: Self, args: readonly unknown[]) => Token;

/**
 * Called when the method is done. Must not throw.
 *
 * @param token What `enter` gave.
 * @param returned Whether it returned. What it throws is not caught: Node prints the line from which an uncaught error
 * was thrown last, and that is to stay the program's own.
 */
export type Leave<Token> = (token: Token, returned: boolean) => void;

/**
 * Looks on whenever a method of a prototype is called, whether the prototype has it of its own or inherits it.
 *
 * Who looks on is back before the method is called, or is called when it is done. So one frame of ours stands on the
 * stack under it, and neither arguments nor result can be changed from here.
 *
 * @returns Puts back the very descriptor that was there. Under somebody else's patch ours stays, and only passes on.
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

/** Looks on at the next call of a method of one object, which is as it was when that call begins. */
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
