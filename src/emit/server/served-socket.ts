import type { Socket } from 'node:net';
import type { ServedRequest } from '../../source/server/trace.js';

/** A connection, as far as it may be looked at; `encrypted` is what TLS adds to it. */
export type ServedSocket = Pick<
  Socket,
  'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort' | 'destroyed'
> & { readonly encrypted?: boolean };

/** The connection of a request; `undefined` if it is gone, or if there never was one. */
export function servedSocket(request: ServedRequest): ServedSocket | undefined {
  // The compatibility API of HTTP/2 makes a proxy for each request, where its session has one for all.
  return 'stream' in request ? request.stream.session?.socket : request.socket;
}
