import type { Socket } from 'node:net';
import type { UndiciRequest } from './channels.js';

/**
 * The request that waits next for the client that a socket belongs to. No channel tells it: it is read from
 * undici's own fields, which have had these names since undici 5, and is unknown if they are not there.
 */
export function nextInQueue(socket: Socket): UndiciRequest | undefined {
  const client = fieldOf(socket, 'client');
  const queue = fieldOf(client, 'queue');
  const index = fieldOf(client, 'pending index');
  if (!Array.isArray(queue) || typeof index !== 'number') {
    return undefined;
  }
  const request: UndiciRequest | null | undefined = queue[index];
  return request ?? undefined;
}

function fieldOf(holder: unknown, description: string): unknown {
  if (typeof holder !== 'object' || holder === null) {
    return undefined;
  }
  const key = Object.getOwnPropertySymbols(holder).find((symbol) => symbol.description === description);
  return key === undefined ? undefined : Reflect.get(holder, key);
}
