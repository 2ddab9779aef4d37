import type { ServerResponse } from 'node:http';
import type { Closing } from './trace.js';

const PEER_GONE = new Set([
  'ECONNRESET',
  'EPIPE',
  // The connection ended in the middle of a request.
  'HPE_INVALID_EOF_STATE',
  // The peer closed the connection with an error of HTTP/2.
  'ERR_HTTP2_SESSION_ERROR',
]);

/** Whether an error is what is left of a peer that went away. */
export function meansPeerGone(error: Error & { readonly code?: unknown }): boolean {
  return PEER_GONE.has(String(error.code));
}

/** How a response of HTTP/1.1 that was not finished was closed. */
export function closingOf({ errored, req }: ServerResponse): Closing {
  // Programs may put something else in the place of the request.
  const socket = req?.socket;
  const reason = errored ?? socket?.errored;
  if (reason) {
    return { how: meansPeerGone(reason) ? 'aborted' : 'destroyed', error: reason };
  }
  // A connection that only this side closes never reads its end.
  return { how: !socket || socket.readableEnded ? 'aborted' : 'destroyed' };
}
