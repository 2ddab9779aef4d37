import type { Socket } from 'node:net';
import { sharedField } from '../../patch/hidden-field.js';

const http2Sockets = sharedField<true>('http2');

/** HTTP/2 is spoken on this connection, whatever TLS has agreed on: in clear there is nothing to agree on. */
export function noteHttp2(socket: Socket): void {
  if (!http2Sockets.has(socket)) {
    http2Sockets.set(socket, true);
  }
}

export function speaksHttp2(socket: Socket & { alpnProtocol?: unknown }): boolean {
  return socket.alpnProtocol === 'h2' || http2Sockets.has(socket);
}
