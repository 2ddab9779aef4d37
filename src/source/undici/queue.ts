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

/** Whether a request waits for the client that a socket belongs to, or is under way there. */
export function isQueuedFor(socket: Socket, request: UndiciRequest): boolean {
  return queueOf(fieldOf(socket, 'client')).includes(request);
}

/** Whether the client that a socket belongs to has written no request that is not answered yet. */
export function isNothingUnderWay(socket: Socket): boolean {
  const client = fieldOf(socket, 'client');
  const oldest = fieldOf(client, 'running index');
  return typeof oldest === 'number' && oldest === fieldOf(client, 'pending index');
}

function queueOf(client: unknown): UndiciRequest[] {
  const queue = fieldOf(client, 'queue');
  return Array.isArray(queue) ? queue : [];
}

function fieldOf(holder: unknown, description: string): unknown {
  if (typeof holder !== 'object' || holder === null) {
    return undefined;
  }
  const key = Object.getOwnPropertySymbols(holder).find((symbol) => symbol.description === description);
  return key === undefined ? undefined : Reflect.get(holder, key);
}
