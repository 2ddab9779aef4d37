import { createRequire } from 'node:module';
import { fieldOf } from './queue.js';

/** Where each copy of undici looks for the dispatcher that all share: undici 8 has a place of its own. */
const GLOBAL_DISPATCHERS = [Symbol.for('undici.globalDispatcher.2'), Symbol.for('undici.globalDispatcher.1')];

/** A method through which calls come to dispatchers. */
export interface Entrance {
  /** What these dispatchers inherit it from. */
  readonly prototype: object;
  readonly name: PropertyKey;
  /** The module that defines it, if it shows. */
  readonly file?: string;
}

/** A copy of undici that is loaded. */
export interface UndiciCopy {
  /** A module of it; `undefined` for the one in Node, and in a bundle. */
  readonly file: string | undefined;
  /** Whether it is seen who calls. */
  readonly isSeen: boolean;
}

/** The files of an installed copy that define what its dispatchers share, and its pools. */
const BASE = /[\\/]lib[\\/]dispatcher[\\/](?:dispatcher|pool)-base\.js$/;

/**
 * Where calls come to the dispatchers of each copy of undici, as far as something leads there: a global dispatcher, or
 * a module that is loaded. Loads none.
 *
 * All calls come by `dispatch`; but what was composed of a pool before has kept the method that was there then, and
 * some dispatchers ask their pools by undici's own name for what lies below it.
 */
export function* loadedEntrances(): Iterable<Entrance> {
  // The cache of this process, whichever module asks for it.
  for (const [file, module] of Object.entries(createRequire(process.execPath).cache)) {
    if (BASE.test(file)) {
      const exported: unknown = module?.exports;
      yield* entrances(Object(exported).prototype, file);
      yield* poolEntrances(Object(Object(exported).PoolBase).prototype);
    }
  }
  for (const key of GLOBAL_DISPATCHERS) {
    yield* entrances(sharedPrototype(Reflect.get(globalThis, key)));
  }
}

/** Where calls come to the client of a connection. */
export function entrancesOf(socket: object): Iterable<Entrance> {
  return entrances(sharedPrototype(fieldOf(socket, 'client')));
}

function* entrances(prototype: unknown, file?: string): Iterable<Entrance> {
  if (isShared(prototype)) {
    yield { prototype, name: 'dispatch', ...(file !== undefined && { file }) };
  }
}

function* poolEntrances(prototype: unknown): Iterable<Entrance> {
  if (isObject(prototype)) {
    for (const name of Object.getOwnPropertySymbols(prototype)) {
      if (name.description === 'dispatch') {
        yield { prototype, name };
      }
    }
  }
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
