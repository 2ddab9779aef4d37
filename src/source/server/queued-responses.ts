import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hiddenField } from '../../patch/hidden-field.js';
import { NamedLayer } from '../../patch/method-layer.js';
import { closingOf } from './peer-gone.js';
import { traceOf } from './traced.js';

// All of this goes when Node 22 does: later ones close these responses by themselves.

/** The responses that wait for their turn on a pipelined connection: of each such connection, and response. */
const queues = hiddenField<Set<ServerResponse>>();

const assignSocket = new NamedLayer<ServerResponse>('assignSocket', (next, response, args) => {
  queues.get(response)?.delete(response);
  return Reflect.apply(next, response, args);
});

/** They had no part in the connection, so Node does not tell them that it is closed. */
function onClose(this: EventEmitter): void {
  for (const response of queues.get(this) ?? []) {
    traceOf(response)?.closed(closingOf(response));
  }
}

/** Closes the trace of a response that must wait for others, if the connection is closed before its turn. */
export function watchTurn({ socket }: IncomingMessage, response: ServerResponse): void {
  if (response.socket === null && socket instanceof EventEmitter && !queues.has(response)) {
    const queue = queueOf(socket).add(response);
    queues.set(response, queue);
    assignSocket.layOver(response);
  }
}

function queueOf(socket: EventEmitter): Set<ServerResponse> {
  const before = queues.get(socket);
  if (before !== undefined) {
    return before;
  }
  const queue = new Set<ServerResponse>();
  queues.set(socket, queue);
  // One listener, however many wait.
  socket.once('close', onClose);
  return queue;
}
