import type { Socket } from 'node:net';
import type { UndiciRequest } from '../channels.js';

// No channel tells which requests a client has: they are read from undici's own fields, which have had these names
// since undici 5. Where they are missing, nothing is known.

/** The requests that wait for the client that a socket belongs to, the next one first. */
export function queuedBehind(socket: Socket): UndiciRequest[] {
  const client = fieldOf(socket, 'client');
  const next = fieldOf(client, 'pending index');
  return typeof next === 'number' ? queueOf(client).slice(next) : [];
}

/** The request that the client which a socket belongs to writes next, or is about to write. */
export function nextFor(socket: Socket): UndiciRequest | undefined {
  const client = fieldOf(socket, 'client');
  const next = fieldOf(client, 'pending index');
  return typeof next === 'number' ? queueOf(client)[next] : undefined;
}

/** Whether the client that a socket belongs to has written no request that is not answered yet. */
export function isNothingUnderWay(socket: Socket): boolean {
  const client = fieldOf(socket, 'client');
  const oldest = fieldOf(client, 'running index');
  return typeof oldest === 'number' && oldest === fieldOf(client, 'pending index');
}

/** A call that waits for a client, as a pool keeps it. */
export interface QueuedCall {
  readonly opts: object;
  /** What its request will carry. */
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

/** The symbol that each description was found with last: to list those of an object takes thousands of instructions. */
const lastFound = new Map<string, symbol>();

/** What an object of undici's keeps under a symbol of its own, which each copy of undici has anew. */
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
