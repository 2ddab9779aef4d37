/** A function that is called on an object. */
export type Method = (...args: unknown[]) => unknown;
