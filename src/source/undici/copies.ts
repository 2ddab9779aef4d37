import { createRequire } from 'node:module';
import { fieldOf } from './queue.js';

/** Where each copy of undici looks for the dispatcher that all share: undici 8 has a place of its own. */
const GLOBAL_DISPATCHERS = [Symbol.for('undici.globalDispatcher.2'), Symbol.for('undici.globalDispatcher.1')];

/** The file of an installed copy that defines what its dispatchers share. */
const DISPATCHER_BASE = /[\\/]lib[\\/]dispatcher[\\/]dispatcher-base\.js$/;

/**
 * The prototypes that the dispatchers of each copy of undici share, as far as something leads there: a global
 * dispatcher, or a module that is loaded. Loads none.
 */
export function* loadedDispatchers(): Iterable<object> {
  for (const key of GLOBAL_DISPATCHERS) {
    const prototype = sharedPrototype(Reflect.get(globalThis, key));
    if (prototype !== undefined) {
      yield prototype;
    }
  }
  // The cache of this process, whichever module asks for it.
  for (const [file, module] of Object.entries(createRequire(process.execPath).cache)) {
    const base: unknown = DISPATCHER_BASE.test(file) ? module?.exports?.prototype : undefined;
    if (isShared(base)) {
      yield base;
    }
  }
}

/** The prototype that a connection's client shares with the other dispatchers of its copy. */
export function dispatchersOf(socket: object): object | undefined {
  return sharedPrototype(fieldOf(socket, 'client'));
}

/** Below the abstract `Dispatcher` lies what each dispatcher of undici's own inherits; other kinds call these. */
function sharedPrototype(dispatcher: unknown): object | undefined {
  for (let object = dispatcher; isObject(object); object = Object.getPrototypeOf(object)) {
    if (isShared(object)) {
      return object;
    }
  }
  return undefined;
}

function isShared(object: unknown): object is object {
  return (
    isObject(object) &&
    Object.hasOwn(object, 'dispatch') &&
    Object.hasOwn(object, 'destroyed') &&
    Object.hasOwn(Object.getPrototypeOf(object) ?? {}, 'compose')
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
