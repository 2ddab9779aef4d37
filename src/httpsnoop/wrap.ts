import { layOverObject } from '../patch/descriptor.js';
import type { Hooks, HttpResponse } from './hooks.js';

type HookName = keyof Hooks;
type AnyFunction = (...args: never[]) => unknown;
type Methods = Partial<Record<HookName, unknown>>;

const METHODS: readonly HookName[] = [
  'setHeader',
  'writeHead',
  'write',
  'end',
  'flushHeaders',
  'writeContinue',
  'writeProcessing',
  'writeEarlyHints',
  'createPushResponse',
];

interface Patch {
  readonly name: HookName;
  readonly installed: AnyFunction;
  /** What the response itself had under this name; absent if the method came from its prototype. */
  readonly before: PropertyDescriptor | undefined;
}

const layersOf = new WeakMap<object, Layer[]>();

/** What one call of `wrap` put on one response. */
class Layer {
  private readonly res: HttpResponse;
  private readonly patches: Patch[] = [];
  private readonly state = { active: true };

  constructor(res: HttpResponse, hooks: Hooks) {
    this.res = res;
    const methods: Methods = res;
    for (const name of METHODS) {
      const hook = hooks[name];
      if (hook !== undefined && typeof methods[name] === 'function') {
        this.prepare(name, hook, hooks);
      }
    }
  }

  get isEmpty(): boolean {
    return this.patches.length === 0;
  }

  install(): void {
    for (const { name, installed } of this.patches) {
      layOverObject(this.res, name, installed);
    }
  }

  /**
   * A patch that somebody else laid over ours stays, and still calls what we installed: from now on that only
   * hands on. The same holds for whoever kept our function and puts it back later.
   */
  remove(): void {
    this.state.active = false;
    for (const { name, installed, before } of this.patches) {
      if (Object.getOwnPropertyDescriptor(this.res, name)?.value !== installed) {
        continue;
      }
      if (before === undefined) {
        Reflect.deleteProperty(this.res, name);
      } else {
        Object.defineProperty(this.res, name, before);
      }
    }
  }

  private prepare(name: HookName, hook: AnyFunction, hooks: Hooks): void {
    const res = this.res;
    const before = Object.getOwnPropertyDescriptor(res, name);
    const own: AnyFunction | undefined = before && Reflect.get(res, name);
    // Looked up at each call: Express gives the response another prototype after a server's own hooks were set.
    const below = (): AnyFunction => own ?? Reflect.get(Object.getPrototypeOf(res), name, res);
    const next = (...args: unknown[]): unknown => Reflect.apply(below(), res, args);
    const hooked: unknown = Reflect.apply(hook, hooks, [next]);
    if (!isFunction(hooked)) {
      throw new TypeError(`The hook ${name} must return a function`);
    }
    const state = this.state;
    const installed = function (this: unknown, ...args: unknown[]): unknown {
      return Reflect.apply(state.active ? hooked : below(), this, args);
    };
    this.patches.push({ name, installed, before });
  }
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}

/**
 * Puts hooks in front of the methods of a response. Go's `httpsnoop.Wrap`.
 *
 * The response stays the same object and keeps everything else that it has: no proxy, no other prototype. A
 * hook for a method that it lacks is ignored; without hooks nothing changes at all. A response may be wrapped
 * any number of times, the hooks of the last `wrap` run first, and it may have been patched by others before
 * or be patched by them afterwards.
 *
 * @param res The response, also one whose head is already sent.
 * @param hooks Read once, now.
 * @returns `res` itself.
 * @throws {TypeError} When a hook returns something else than a function; nothing is changed then. What a hook
 *   itself throws comes through.
 */
export function wrap<T extends HttpResponse>(res: T, hooks: Hooks): T {
  const layer = new Layer(res, hooks);
  if (layer.isEmpty) {
    return res;
  }
  const layers = layersOf.get(res);
  if (layers === undefined) {
    layersOf.set(res, [layer]);
  } else {
    layers.push(layer);
  }
  layer.install();
  return res;
}

/**
 * Takes off everything that `wrap` put on a response, so that its own properties are what they were. Patches
 * of other libraries stay in place, whether they lie under ours, between, or on top. What `captureMetrics` or
 * the instrumentation observe is not affected: they stay until the response closes.
 *
 * @param res Any value; one that was never wrapped is left alone.
 * @returns `res` itself.
 */
export function unwrap<T>(res: T): T {
  if (typeof res !== 'object' || res === null) {
    return res;
  }
  const layers = layersOf.get(res);
  if (layers === undefined) {
    return res;
  }
  layersOf.delete(res);
  for (const layer of layers.reverse()) {
    layer.remove();
  }
  return res;
}
