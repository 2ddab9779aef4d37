import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { setImmediate } from 'node:timers';
import type { Stop } from '../patch/descriptor.js';
import { hiddenField } from '../patch/hidden-field.js';
import type { Method } from '../patch/method.js';
import { overlayPrototype } from '../patch/overlay.js';
import { FollowedResponse, type Http1Follower } from './http1-follower.js';

/** What Node's sockets have and its types do not tell. */
export interface Handle {
  /** What was given to it. */
  readonly bytesWritten?: number;
  /** What of that the operating system did not take yet; TLS tells of what is encrypted. */
  readonly writeQueueSize?: number;
  /** Under TLS: the connection that carries it. */
  readonly _parent?: Handle;
}

export type Connection = Socket & {
  readonly _handle?: Handle | null;
  readonly _httpMessage?: object | null;
};

/** A full record of TLS 1.3, and the body in it. */
const RECORD_BYTES = 16_406;
const RECORD_BODY_BYTES = 16_384;

/** How many bytes a handle was given that the operating system did not take yet. */
function queuedIn({ writeQueueSize = 0, _parent: carrier }: Handle): number {
  if (carrier === undefined) {
    return writeQueueSize;
  }
  // TLS keeps what it has encrypted until the connection below has sent all of it.
  const encrypted = carrier.writeQueueSize || writeQueueSize;
  return Math.round((encrypted * RECORD_BODY_BYTES) / RECORD_BYTES);
}

/** How many bytes a handle has handed to the operating system; `undefined` if it is closed. */
export function handedOverBy(handle: Handle): number | undefined {
  const { bytesWritten } = handle;
  return bytesWritten === undefined ? undefined : bytesWritten - queuedIn(handle);
}

/** How many bytes that were written to a connection the operating system did not take yet. */
function unsentOn({ _handle: handle, bytesWritten, writableLength }: Connection): number {
  // Then what is queued is TLS's own.
  const isDone = writableLength === 0 || handle?.bytesWritten === undefined;
  return isDone ? 0 : bytesWritten - handle.bytesWritten + queuedIn(handle);
}

/** The responses that wait for their turn on a pipelined connection. */
const queues = hiddenField<Set<Http1Follower>>();

/**
 * Lets a response that waits for its turn close when its connection goes. Before Node 24 nothing else tells.
 */
export function queueOn(socket: Socket | undefined, follower: Http1Follower): void {
  if (!(socket instanceof EventEmitter)) {
    return;
  }
  if (socket.destroyed) {
    setImmediate(() => follower.closed());
    return;
  }
  let queue = queues.get(socket);
  if (queue === undefined) {
    queue = new Set();
    queues.set(socket, queue);
    if (!(socket instanceof Socket)) {
      // One listener, however many wait.
      (socket as EventEmitter).once('close', () => closeQueue(socket));
    }
  }
  const waiting = queue.add(follower);
  const { whenClosed } = follower;
  follower.whenClosed = () => {
    waiting.delete(follower);
    whenClosed?.();
  };
}

function closeQueue(socket: Socket): void {
  for (const follower of queues.get(socket) ?? []) {
    if (follower.response.socket === null) {
      follower.closed();
    }
  }
}

/** Who wants to look at a handle for the last time. */
const lastLooks = hiddenField<Set<() => void>>();

/** Calls back just before a handle is closed: a closed one cannot be asked. */
export function whenHandleGoes(handle: Handle, look: () => void): () => void {
  let looks = lastLooks.get(handle);
  if (looks === undefined) {
    looks = new Set();
    lastLooks.set(handle, looks);
  }
  const watching = looks.add(look);
  return () => void watching.delete(look);
}

interface Methods {
  readonly _destroy: Method;
}

let installed: Stop | undefined;

/** Looks at each connection a moment before it is destroyed: afterwards nothing tells what it had not sent. */
export function watchConnections(): void {
  installed = overlayPrototype<Methods>(Socket.prototype, {
    _destroy: (own, parent) =>
      function _destroy(this: Connection, ...args: unknown[]): unknown {
        goes(this);
        return Reflect.apply(own ?? parent._destroy, this, args);
      },
  });
}

export function unwatchConnections(): void {
  installed?.();
  installed = undefined;
}

function goes(socket: Connection): void {
  const { _handle: handle, _httpMessage: message } = socket;
  if (message) {
    FollowedResponse.by(message)?.connectionGoes(unsentOn(socket));
  }
  if (queues.has(socket)) {
    setImmediate(closeQueue, socket);
  }
  for (const look of (handle && lastLooks.get(handle)) ?? []) {
    look();
  }
}
