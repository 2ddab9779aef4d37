import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { UndiciRequest } from '../channels.js';
import type { Stop } from '../request-trace.js';
import type { Dispatches, Entrance } from './dispatch.js';
import { fieldOf } from './queue.js';

/** Where each copy of undici looks for the dispatcher that all share: undici 8 has a place of its own. */
const GLOBAL_DISPATCHERS = [Symbol.for('undici.globalDispatcher.2'), Symbol.for('undici.globalDispatcher.1')];

/** A copy of undici that is loaded. */
export interface UndiciCopy {
  /** A module of it; `undefined` for the copy in Node, and for one in a bundle. */
  readonly file: string | undefined;
  /** Whether calls to its dispatchers are seen. */
  readonly isSeen: boolean;
}

/** The files of an installed copy that define what its dispatchers share, and its pools. */
const BASE = /[\\/]lib[\\/]dispatcher[\\/](?:dispatcher|pool)-base\.js$/;

/** Looks for the copies of undici, and lets `Dispatches` see the calls to their dispatchers. */
export class Copies {
  private readonly dispatches: Dispatches;
  /** What the requests inherit from, of each copy that was looked for. */
  private readonly lookedFor = new WeakSet<object>();

  constructor(dispatches: Dispatches) {
    this.dispatches = dispatches;
  }

  watch(): Stop {
    this.look();
    return () => this.dispatches.takeOff();
  }

  /** Each copy of undici that is loaded, as far as it shows. */
  get loaded(): UndiciCopy[] {
    const copies = new Map<object, UndiciCopy>();
    for (const { prototype, name, file } of loadedEntrances()) {
      if (name === 'dispatch' && !copies.has(prototype)) {
        copies.set(prototype, { file, isSeen: this.dispatches.liesOver(prototype) });
      }
    }
    return [...copies.values()];
  }

  /** A connection leads to its client, even if nothing else leads to that copy of undici. */
  connected(socket: Socket): void {
    for (const entrance of entrancesOf(socket)) {
      this.dispatches.layOver(entrance);
    }
  }

  /** The call of this request was not seen, so its copy of undici may have been loaded since we looked. */
  lookFor(request: UndiciRequest): void {
    const copy: object = Object.getPrototypeOf(request);
    if (!this.lookedFor.has(copy)) {
      this.lookedFor.add(copy);
      this.look();
    }
  }

  private look(): void {
    for (const entrance of loadedEntrances()) {
      this.dispatches.layOver(entrance);
    }
  }
}

/**
 * Where calls come to the dispatchers of each copy of undici, as far as something leads there: a global dispatcher, or
 * a module that is loaded. Loads none.
 *
 * All calls come by `dispatch`, with two exceptions. What was composed of a pool earlier has kept the method of that time.
 * And some dispatchers call a pool by a symbol of undici's own, below its `dispatch`.
 */
function* loadedEntrances(): Iterable<Entrance> {
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
function entrancesOf(socket: object): Iterable<Entrance> {
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

/** What all dispatchers of undici's own inherit from, right below the abstract `Dispatcher`. Other kinds call these. */
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
