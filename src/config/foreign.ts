/** A longer list is a mistake. An empty array of four thousand million elements is easily made. */
const LONGEST_LIST = 10_000;

/** Says what is wrong with a value, or with the value at a key within it. */
export type Report = (problem: string, key?: string | number) => void;

/** Reads from somebody else's object, whose getters and proxies may throw. Then `undefined` is returned. */
export function attempt<T>(read: () => T, report: () => void): T | undefined {
  try {
    return read();
  } catch {
    report();
    return undefined;
  }
}

/** An object with its keys; `undefined` for anything else, which is reported. Arrays, maps and the like are no objects here. */
export function keysOf(value: unknown, report: Report): { object: object; keys: string[] } | undefined {
  return attempt(
    () => {
      if (typeof value === 'object' && value !== null && !(Symbol.iterator in value)) {
        return { object: value, keys: Object.keys(value) };
      }
      report(
        `expected an object, got ${typeof value === 'object' && value !== null ? 'a list' : describe(value)}`,
      );
      return undefined;
    },
    () => report('cannot be read'),
  );
}

/** The value of an own property; `undefined` if there is none. */
export function valueAt(object: object, key: string, report: Report): unknown {
  return attempt(
    () => (Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined),
    () => report('cannot be read', key),
  );
}

/** The elements of an array; `undefined` for anything else, which is reported. */
export function elementsOf(value: unknown, expected: string, report: Report): unknown[] | undefined {
  return attempt(
    () => {
      if (!Array.isArray(value)) {
        report(`expected ${expected}, got ${describe(value)}`);
      } else if (value.length > LONGEST_LIST) {
        report(`has more than ${LONGEST_LIST} elements`);
      } else {
        return Array.from({ length: value.length }, (_, i): unknown => value[i]);
      }
      return undefined;
    },
    () => report('cannot be read'),
  );
}

/** A value in a message: short, on one line, and without a call of its own methods. */
export function describe(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  }
  if (value === undefined || value === null) {
    return String(value);
  }
  if (typeof value === 'boolean' || typeof value === 'number') {
    return String(value);
  }
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
