import type { Socket } from 'node:net';
import type * as tls from 'node:tls';
import type { Report, Stop } from './request-trace.js';
import { guarded } from './subscribe.js';

export interface TlsSocketMade {
  readonly socket: tls.TLSSocket;
  /** The connection that it is laid over, if it does not make one of its own. */
  readonly over: Socket | undefined;
}

/**
 * Tells of each socket that `tls.connect` returns, and of the socket it is laid over, if there is one.
 *
 * No channel tells where a handshake over an existing connection (a proxy's tunnel) begins, and before
 * Node 22.20 and 24.3 none tells of a TLS socket at all: `net.client.socket` was for plain ones.
 */
export function observeTlsConnect(onSocket: (made: TlsSocketMade) => void, report: Report): Stop {
  const tell = guarded('tls.connect', onSocket, report);
  const module: { connect: typeof tls.connect } = require('node:tls');
  const before = Object.getOwnPropertyDescriptor(module, 'connect');
  const original = module.connect;
  let observing = true;
  function connect(this: unknown, ...args: unknown[]): tls.TLSSocket {
    const socket: tls.TLSSocket = Reflect.apply(original, this, args);
    if (observing) {
      tell({ socket, over: carrierOf(args[0]) });
    }
    return socket;
  }
  module.connect = Object.assign(connect, original);
  return () => {
    observing = false;
    // Somebody who patched after us keeps a call into ours, which only passes on from now.
    if (before !== undefined && module.connect === connect) {
      Object.defineProperty(module, 'connect', before);
    }
  };
}

function carrierOf(options: unknown): Socket | undefined {
  if (typeof options === 'object' && options !== null && 'socket' in options && options.socket) {
    return options.socket as Socket;
  }
  return undefined;
}
