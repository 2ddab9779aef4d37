import { layOverObject } from './descriptor.js';

export type Method = (...args: unknown[]) => unknown;

/** Takes the place of a method of one object. Calls `next` on `self` with `args` for what the method does. */
export type Around<Target> = (next: Method, self: Target, args: unknown[]) => unknown;

/** A method of any number of objects, each of which is its `this`. */
type Shared<Target> = (this: Target, ...args: unknown[]) => unknown;

/**
 * A method that can be laid over the one of the same name of any number of objects, as a property of their own.
 * All of them share one function: what belongs to one object is found by `this`.
 */
export class MethodLayer<Target extends object> {
  protected readonly name: string;
  private readonly around: Around<Target>;
  private readonly shared: Method;

  /**
   * @param shared What `passingOn` makes, or the same written out for a method that each request calls: V8 learns
   * for each function of the source, and not for each copy of it.
   */
  constructor(name: string, around: Around<Target>, shared: Shared<Target>) {
    this.name = name;
    this.around = around;
    this.shared = named(name, shared);
  }

  /**
   * @param method What an object has now.
   * @param inherited What its prototype has.
   * @returns What the object is to have. What is no method stays as it is.
   */
  over(method: unknown, inherited: unknown): unknown {
    if (typeof method !== 'function') {
      return method;
    }
    return method === inherited ? this.shared : this.overOwn(method as Method);
  }

  /** Gives an object the method, where nothing that lists its keys shows it. Nothing is laid over what is no method. */
  lay(target: Target, method: unknown, inherited: unknown): void {
    if (typeof method === 'function') {
      layOverObject(target, this.name, this.over(method, inherited));
    }
  }

  /** Somebody else gave the object a method of its own, which is found nowhere but there. */
  private overOwn(own: Method): Method {
    const { around } = this;
    return named(this.name, function (this: Target, ...args: unknown[]): unknown {
      return around(own, this, args);
    });
  }
}

/**
 * A method that finds by `this` what lies below it.
 *
 * @param get Reads the method by its name written out: a name that comes from a variable would make every access
 * several times slower.
 */
export function passingOn<Target>(get: (target: Target) => unknown, around: Around<Target>): Shared<Target> {
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

function named<Target>(name: string, method: Shared<Target>): Method {
  return Object.defineProperty(method, 'name', { value: name, configurable: true });
}

/** One that finds its method by the name, for what is not on the path of each request. */
export class NamedLayer<Target extends object> extends MethodLayer<Target> {
  constructor(name: string, around: Around<Target>) {
    super(
      name,
      around,
      passingOn((target) => Reflect.get(target, name), around),
    );
  }

  /** Does nothing if the object has no such method. */
  layOver(target: Target): void {
    const method: unknown = Reflect.get(target, this.name);
    if (typeof method === 'function') {
      this.lay(target, method, Reflect.get(Object.getPrototypeOf(target), this.name));
    }
  }
}
