import { Socket } from 'node:net';
import * as tls from 'node:tls';
import { patchMethod } from '../../patch/method-patch.js';
import type { Report, Stop } from '../request-trace.js';
import { guarded } from '../subscribe.js';
import type { SocketMade } from './new-sockets.js';

/** Where a TLS socket keeps the connection that it is laid over. */
interface LaidOver {
  readonly _parent?: Socket;
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Whether `net.client.socket` is for whatever dials in plain, and not for what `net.connect` makes alone. */
const PUBLISHES_PLAIN_SOCKETS = major === 22 ? minor >= 20 : major > 24 || (major === 24 && minor >= 3);

/**
 * Tells of sockets that no channel tells of: each TLS socket that is about to dial, or that begins its handshake over a
 * connection that is there already, such as a proxy's tunnel; and in older releases of Node each
 * `new net.Socket().connect()`. A patch of `tls.connect` would miss whoever imported it by name before.
 */
export function observeUnpublishedSockets(onSocket: (made: SocketMade) => void, report: Report): Stop {
  const tell = guarded('a socket', onSocket, report);
  const dialling = PUBLISHES_PLAIN_SOCKETS ? tls.TLSSocket.prototype : Socket.prototype;
  const stops = [
    patchMethod(dialling, 'connect', (next, socket, args) => {
      tell({ socket: socket as Socket, over: undefined });
      return Reflect.apply(next, socket, args);
    }),
    patchMethod(tls.TLSSocket.prototype, '_start', (next, socket, args) => {
      const { _parent: over } = socket as LaidOver;
      if (over !== undefined && !(socket as tls.TLSSocket).connecting) {
        tell({ socket: socket as tls.TLSSocket, over });
      }
      return Reflect.apply(next, socket, args);
    }),
  ];
  return () => {
    for (const stop of stops) {
      stop();
    }
  };
}
