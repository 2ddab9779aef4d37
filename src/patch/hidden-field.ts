/** Lets a subclass add a private field to any object. */
export class Itself {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the object that a subclass adds its private field to
    return object;
  }
}

/** A value of ours on somebody else's object. Nothing that looks at the object can see it. */
export interface HiddenField<Value> {
  get(object: object): Value | undefined;
  has(object: object): boolean;
  /** To be called once for each object. */
  set(object: object, value: Value): void;
}

/** A private field. It lives as long as its object, and costs a tenth of an entry in a WeakMap. */
export function hiddenField<Value>(): HiddenField<Value> {
  return class Holder extends Itself {
    readonly #value: Value;

    constructor(object: object, value: Value) {
      super(object);
      this.#value = value;
    }

    static get(object: object): Value | undefined {
      return #value in object ? object.#value : undefined;
    }

    static has(object: object): boolean {
      return #value in object;
    }

    static set(object: object, value: Value): void {
      new Holder(object, value);
    }
  };
}

/**
 * A hidden field that all copies of this package share. One copy may watch a connection, and another copy may need what is
 * known of it.
 *
 * @param name Name of the value. The number in the key changes whenever copies cannot share the value any more.
 */
export function sharedField<Value>(name: string): HiddenField<Value> {
  const key = Symbol.for(`opentelemetry-instrumentation-httptrace.${name}.1`);
  const shared: typeof globalThis & { [key: symbol]: HiddenField<Value> | undefined } = globalThis;
  shared[key] ??= hiddenField<Value>();
  return shared[key];
}
