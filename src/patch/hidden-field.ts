/** What a private field is added to: whatever object is given. */
export class Itself {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the object that a subclass adds its private field to
    return object;
  }
}

/** Something of ours that hangs on an object of somebody else, where nothing that looks at the object can see it. */
export interface HiddenField<Value> {
  get(object: object): Value | undefined;
  has(object: object): boolean;
  /** To be called once for each object. */
  set(object: object, value: Value): void;
}

/** A private field: it lives and dies with its object, and costs a tenth of an entry in a WeakMap. */
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
 * A hidden field that all copies of this package share: one copy watches a connection, and another may be asked what
 * is known of it.
 *
 * @param name Of what it holds. The number in the key changes whenever copies could not share that any more.
 */
export function sharedField<Value>(name: string): HiddenField<Value> {
  const key = Symbol.for(`opentelemetry-instrumentation-httptrace.${name}.1`);
  const shared: typeof globalThis & { [key: symbol]: HiddenField<Value> | undefined } = globalThis;
  shared[key] ??= hiddenField<Value>();
  return shared[key];
}
