/** Undoes the call that returned it. May be called any number of times. */
export type Stop = () => void;

/** Whether a property is enumerable where it is found; `false` if it is found nowhere. */
function isEnumerable(object: object | null, name: PropertyKey): boolean {
  for (let holder = object; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    if (descriptor !== undefined) {
      return descriptor.enumerable === true;
    }
  }
  return false;
}

/** One method that we laid over another. */
interface Layer {
  readonly method: unknown;
  readonly before: PropertyDescriptor | undefined;
  isWanted: boolean;
}

/** For each prototype and name the methods that we laid over, from the first to the last. */
const layersOf = new WeakMap<object, Map<PropertyKey, Layer[]>>();

/**
 * Lays a method over the one that a prototype has or inherits. `for … in` finds it if it found the one before. A frozen
 * method stays as it is.
 *
 * @returns Puts back the descriptor that was there. If another method of ours covers this one, that happens when the other
 * is taken off. If somebody else's covers it, ours stays. Returns whether ours is off.
 */
export function layOverPrototype(prototype: object, name: PropertyKey, method: unknown): () => boolean {
  const layer: Layer = {
    method,
    before: Object.getOwnPropertyDescriptor(prototype, name),
    isWanted: true,
  };
  const layers = layersOver(prototype, name);
  const isLaid = Reflect.defineProperty(prototype, name, {
    configurable: true,
    enumerable: isEnumerable(prototype, name),
    writable: true,
    value: method,
  });
  if (isLaid) {
    layers.push(layer);
  }
  return () => {
    layer.isWanted = false;
    takeOff(layers, prototype, name);
    return !layers.includes(layer);
  };
}

function layersOver(prototype: object, name: PropertyKey): Layer[] {
  const byName = layersOf.get(prototype) ?? new Map<PropertyKey, Layer[]>();
  layersOf.set(prototype, byName);
  const layers = byName.get(name) ?? [];
  byName.set(name, layers);
  return layers;
}

/** Takes off the uppermost layers that are not wanted any more, up to one that somebody else has covered. */
function takeOff(layers: Layer[], prototype: object, name: PropertyKey): void {
  for (let top = layers.at(-1); top !== undefined && !top.isWanted; top = layers.at(-1)) {
    if (Object.getOwnPropertyDescriptor(prototype, name)?.value !== top.method) {
      return;
    }
    layers.pop();
    if (top.before === undefined) {
      Reflect.deleteProperty(prototype, name);
    } else {
      Reflect.defineProperty(prototype, name, top.before);
    }
  }
  const byName = layersOf.get(prototype);
  // What was covered for a moment may live for long: nothing of ours stays with it.
  if (layers.length === 0 && byName?.get(name) === layers) {
    byName.delete(name);
    if (byName.size === 0) {
      layersOf.delete(prototype);
    }
  }
}

/**
 * Gives one object a method of its own. Keys, a spread and `console.log` do not show a method that was not the object's own
 * before. A method that was stays as visible as it was.
 */
export function layOverObject(object: object, name: string, method: unknown): void {
  // `enumerable` is left out: it stays as it was, and is `false` for a new property.
  Reflect.defineProperty(object, name, { configurable: true, writable: true, value: method });
}
