export type Method = (...args: unknown[]) => unknown;

/** Takes the place of a method of one object. Calls `next` on `self` with `args` for what the method does. */
export type Around<Target> = (next: Method, self: Target, args: unknown[]) => unknown;

/**
 * A method that can be laid over the one of the same name of any number of objects, as a property of their own.
 * All of them share one function: what belongs to one object is found by `this`.
 */
export class MethodLayer<Target extends object> {
  private readonly name: string;
  private readonly get: (target: Target) => unknown;
  private readonly set: (target: Target, method: Method) => void;
  private readonly around: Around<Target>;
  private readonly shared: Method;

  /**
   * @param get Reads the method, and `set` replaces it, by its name written out: a name that comes from a variable
   * would make every access several times slower.
   * @param shared Does what `passingOn` does, written out for a method that each request calls: V8 learns for each
   * function of the source, and not for each copy of it.
   */
  constructor(
    name: string,
    get: (target: Target) => unknown,
    set: (target: Target, method: Method) => void,
    around: Around<Target>,
    shared: (this: Target, ...args: unknown[]) => unknown = passingOn(get, around),
  ) {
    this.name = name;
    this.get = get;
    this.set = set;
    this.around = around;
    this.shared = named(name, shared);
  }

  /** Does nothing if the object has no such method. */
  layOver(target: Target): void {
    const method = this.get(target);
    if (typeof method === 'function') {
      const isInherited = method === this.get(Object.getPrototypeOf(target));
      this.set(target, isInherited ? this.shared : this.over(method as Method));
    }
  }

  /** Somebody else gave the object a method of its own, which is found nowhere but there. */
  private over(own: Method): Method {
    const { around } = this;
    return named(this.name, function (this: Target, ...args: unknown[]): unknown {
      return around(own, this, args);
    });
  }
}

function passingOn<Target>(get: (target: Target) => unknown, around: Around<Target>) {
  return function shared(this: Target, ...args: unknown[]): unknown {
    // Looked up at each call: Express gives requests and responses another prototype after we saw them.
    let holder: Target = Object.getPrototypeOf(this);
    // `this` may be an object that inherits from the one that our method was laid over.
    while (get(holder) === shared) {
      holder = Object.getPrototypeOf(holder);
    }
    return around(get(holder) as Method, this, args);
  };
}

function named<Target>(name: string, method: (this: Target, ...args: unknown[]) => unknown): Method {
  return Object.defineProperty(method, 'name', { value: name, configurable: true });
}

/** For a method that is not on the path of each request. */
export function methodLayer<Target extends object>(
  name: string,
  around: Around<Target>,
): MethodLayer<Target> {
  return new MethodLayer(
    name,
    (target) => Reflect.get(target, name),
    (target, method) => {
      Reflect.set(target, name, method);
    },
    around,
  );
}
