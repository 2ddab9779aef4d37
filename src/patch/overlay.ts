import { layOverObject, layOverPrototype, type Stop } from './descriptor.js';
import type { Method } from './method.js';

/**
 * Makes the function that takes the place of a method. It must be the only frame of ours on the stack of what it calls:
 * the method that it found, which is `own`, or that of `parent` if `own` is missing.
 *
 * @param own What the object itself had.
 * @param parent What the object inherits from. To be read at each call: it may be patched after us.
 */
export type MakeMethod<Methods> = (own: Method | undefined, parent: Methods) => Method;

/** For each method by its name what makes the function that takes its place. */
export type Overlay<Methods> = { readonly [Name in keyof Methods & string]?: MakeMethod<Methods> };

/**
 * Lays methods over those of a prototype, whether it has them of its own or inherits them. What it lacks is left out.
 *
 * @returns Puts back the very descriptors that were there. Under somebody else's patch ours stays.
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

/** As `overlayPrototype`, over those of a single object, for good. */
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
