import { layOverObject, layOverPrototype, type Stop } from './descriptor.js';
import type { Method } from './method.js';

/**
 * Makes the function that takes the place of a method. The function calls `own`, or the method of `parent` if there is none.
 * It must be our only frame on the stack of that call.
 *
 * @param own The object's own method; `undefined` if it inherits one.
 * @param parent The object from which it inherits. Read it at each call, because it may be patched after us.
 */
export type MakeMethod<Methods> = (own: Method | undefined, parent: Methods) => Method;

/** For each name of a method the maker of the function that takes its place. */
export type Overlay<Methods> = { readonly [Name in keyof Methods & string]?: MakeMethod<Methods> };

/**
 * Lays methods over those that a prototype has or inherits. Methods that it lacks are left out.
 *
 * @returns Puts back the descriptors that were there. A patch that somebody else has covered stays.
 */
export function overlayPrototype<Methods>(prototype: object, overlay: Overlay<Methods>): Stop {
  const stops = madeFor(prototype, overlay).map(([name, method]) =>
    layOverPrototype(prototype, name, method),
  );
  return () => {
    for (const stop of stops.splice(0)) {
      stop();
    }
  };
}

/** Lays methods over those of a single object, for good. */
export function overlayObject<Methods>(object: object, overlay: Overlay<Methods>): void {
  if (Object.isExtensible(object)) {
    for (const [name, method] of madeFor(object, overlay)) {
      layOverObject(object, name, method);
    }
  }
}

function madeFor<Methods>(target: object, overlay: Overlay<Methods>): [name: string, method: Method][] {
  const made: [string, Method][] = [];
  for (const [name, make] of Object.entries<MakeMethod<Methods> | undefined>(overlay)) {
    const before = Object.getOwnPropertyDescriptor(target, name);
    const found: unknown = before === undefined ? Reflect.get(target, name) : before.value;
    if (make !== undefined && typeof found === 'function' && before?.configurable !== false) {
      made.push([name, make(before && (found as Method), Object.getPrototypeOf(target))]);
    }
  }
  return made;
}
