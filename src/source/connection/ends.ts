import type { Socket } from 'node:net';
import { plainAddress } from '../../authority.js';
import { sharedField } from '../../patch/hidden-field.js';

/** Where a connection leads, and what is spoken on it. */
export interface ConnEnds {
  /** As `connectStart` has it. */
  readonly network: 'tcp' | 'unix';
  /** An IP address, or the path of a unix socket. */
  readonly peerAddress: string | undefined;
  readonly peerPort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly httpVersion: '1.1' | '2';
}

/** To be read while the connection is open: a closed socket has forgotten its addresses. */
export function endsOf(socket: Socket & { readonly alpnProtocol?: unknown }): ConnEnds {
  const path = unixPaths.get(socket);
  const { remoteAddress, localAddress } = socket;
  return {
    network: path ? 'unix' : 'tcp',
    peerAddress: path || (remoteAddress && plainAddress(remoteAddress)) || undefined,
    peerPort: (!path && remoteAddress && socket.remotePort) || undefined,
    localAddress: (localAddress && plainAddress(localAddress)) || undefined,
    localPort: (localAddress && socket.localPort) || undefined,
    httpVersion: socket.alpnProtocol === 'h2' || http2Sockets.has(socket) ? '2' : '1.1',
  };
}

const http2Sockets = sharedField<true>('http2');

/** HTTP/2 is spoken on this connection, whatever TLS has agreed on: in clear there is nothing to agree on. */
export function noteHttp2(socket: Socket): void {
  if (!http2Sockets.has(socket)) {
    http2Sockets.set(socket, true);
  }
}

const unixPaths = sharedField<string>('unix-path');

/** This socket dials this unix socket. Node forgets the path, which is all the address that its peer has. */
export function noteUnixPath(socket: Socket, path: string): void {
  if (!unixPaths.has(socket)) {
    unixPaths.set(socket, path);
  }
}
