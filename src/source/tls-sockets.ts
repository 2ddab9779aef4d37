import type { Socket } from 'node:net';
import * as tls from 'node:tls';
import { patchMethod } from './method-patch.js';
import type { SocketMade } from './new-sockets.js';
import type { Report, Stop } from './request-trace.js';
import { guarded } from './subscribe.js';

/** Where a TLS socket keeps the connection that it is laid over. */
interface LaidOver {
  readonly _parent?: Socket;
}

/**
 * Tells of each TLS socket that is about to dial, and of each that begins its handshake over a connection that is
 * there already, such as a proxy's tunnel.
 *
 * No channel tells of the latter, and before Node 22.20 and 24.3 none of the former: `net.client.socket` was for
 * plain sockets. A patch of `tls.connect` would miss whoever imported it by name before.
 */
export function observeTlsSockets(onSocket: (made: SocketMade) => void, report: Report): Stop {
  const tell = guarded('a TLS socket', onSocket, report);
  const { prototype } = tls.TLSSocket;
  const stops = [
    patchMethod(prototype, 'connect', (next, socket, args) => {
      tell({ socket: socket as tls.TLSSocket, over: undefined });
      return Reflect.apply(next, socket, args);
    }),
    patchMethod(prototype, '_start', (next, socket, args) => {
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
