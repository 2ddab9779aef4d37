/** Undoes what it came from. Any number of times. */
export type Stop = () => void;

/** Whether a property is enumerable where it is found; what is found nowhere is not. */
function isEnumerable(object: object | null, name: string): boolean {
  for (let holder = object; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    if (descriptor !== undefined) {
      return descriptor.enumerable === true;
    }
  }
  return false;
}

/**
 * Lays a method over the one that a prototype has or inherits: `for … in` finds it as it was found before. What is
 * frozen stays as it is.
 *
 * What it gives back puts back the very descriptor that was there, unless somebody has laid something over ours; then
 * it says so by `false`.
 */
export function layOverPrototype(prototype: object, name: string, method: unknown): () => boolean {
  const before = Object.getOwnPropertyDescriptor(prototype, name);
  Reflect.defineProperty(prototype, name, {
    configurable: true,
    enumerable: isEnumerable(prototype, name),
    writable: true,
    value: method,
  });
  return () => {
    if (Object.getOwnPropertyDescriptor(prototype, name)?.value !== method) {
      return false;
    }
    return before === undefined
      ? Reflect.deleteProperty(prototype, name)
      : Reflect.defineProperty(prototype, name, before);
  };
}

/**
 * Gives one object a method of its own. What its class has stays what its keys, a spread and `console.log` show; what
 * is its own already stays as visible as it was.
 */
export function layOverObject(object: object, name: string, method: unknown): void {
  Reflect.defineProperty(object, name, {
    configurable: true,
    enumerable: Object.getOwnPropertyDescriptor(object, name)?.enumerable === true,
    writable: true,
    value: method,
  });
}
