/** Undoes what it came from. Any number of times. */
export type Stop = () => void;

/** Whether a property is enumerable where it is found; what is found nowhere is not. */
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

/** For each prototype, by name, what lies over its method: the last was laid last. */
const layersOf = new WeakMap<object, Map<PropertyKey, Layer[]>>();

/**
 * Lays a method over the one that a prototype has or inherits: `for … in` finds it as it was found before. What is
 * frozen stays as it is.
 *
 * @returns Puts back the very descriptor that was there. Under another method of ours, that is done when the other is
 * taken off. Under somebody else's method ours stays, and `false` says so.
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

/** Takes off what is not wanted any more, from above, as far as nobody has laid anything over it. */
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
}

/**
 * Gives one object a method of its own. What its class has stays what its keys, a spread and `console.log` show; what
 * is its own already stays as visible as it was.
 */
export function layOverObject(object: object, name: string, method: unknown): void {
  // What a descriptor does not say stays as it was, and is `false` for what was not there.
  Reflect.defineProperty(object, name, { configurable: true, writable: true, value: method });
}
