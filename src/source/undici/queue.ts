import type { Socket } from 'node:net';
import type { UndiciRequest } from '../channels.js';

// No channel tells which requests a client has. They are read from undici's own fields, which have had these names since
// undici 5. Without these fields nothing is known.

/** The requests that wait for the client of this socket, the next one first. */
export function queuedBehind(socket: Socket): UndiciRequest[] {
  const client = fieldOf(socket, 'client');
  const next = fieldOf(client, 'pending index');
  return typeof next === 'number' ? queueOf(client).slice(next) : [];
}

/** The request that the client of this socket is about to write, or writes next. */
export function nextFor(socket: Socket): UndiciRequest | undefined {
  const client = fieldOf(socket, 'client');
  const next = fieldOf(client, 'pending index');
  return typeof next === 'number' ? queueOf(client)[next] : undefined;
}

/** Whether all requests that the client of this socket has written are answered. */
export function isNothingUnderWay(socket: Socket): boolean {
  const client = fieldOf(socket, 'client');
  const oldest = fieldOf(client, 'running index');
  return typeof oldest === 'number' && oldest === fieldOf(client, 'pending index');
}

/** A call that waits for a client, as a pool keeps it. */
export interface QueuedCall {
  readonly opts: object;
  /** The handler that its request will carry. */
  readonly handler: object;
}

/** The call that was last put into the queue of a pool; `undefined` if it has none, or is no pool. */
export function lastQueued(pool: object): QueuedCall | undefined {
  const ring = Object(Object(fieldOf(pool, 'queue')).head);
  const { list, top } = ring as { list: unknown; top: unknown };
  if (!Array.isArray(list) || typeof top !== 'number') {
    return undefined;
  }
  const last: unknown = list[(top + list.length - 1) % list.length];
  return isQueuedCall(last) ? last : undefined;
}

function isQueuedCall(item: unknown): item is QueuedCall {
  const { opts, handler } = Object(item);
  return typeof opts === 'object' && typeof handler === 'object' && opts !== null && handler !== null;
}

function queueOf(client: unknown): UndiciRequest[] {
  const queue = fieldOf(client, 'queue');
  return Array.isArray(queue) ? queue : [];
}

/** For each description the symbol that was found last: to list an object's symbols takes thousands of instructions. */
const lastFound = new Map<string, symbol>();

/** What an object of undici's keeps under a symbol with this description. Each copy of undici has symbols of its own. */
export function fieldOf(holder: unknown, description: string): unknown {
  if (typeof holder !== 'object' || holder === null) {
    return undefined;
  }
  const last = lastFound.get(description);
  if (last !== undefined && Object.hasOwn(holder, last)) {
    return Reflect.get(holder, last);
  }
  const key = Object.getOwnPropertySymbols(holder).find((symbol) => symbol.description === description);
  if (key === undefined) {
    return undefined;
  }
  lastFound.set(description, key);
  return Reflect.get(holder, key);
}
