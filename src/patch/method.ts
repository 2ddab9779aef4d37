/** A method of any object, as a patch sees it. */
export type Method = (...args: unknown[]) => unknown;
