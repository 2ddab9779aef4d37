import type { Socket } from 'node:net';
import { hiddenField } from '../patch/hidden-field.js';

/** The addresses of a connection, read while its socket has them: a closed one has forgotten them. */
export interface ConnEnds {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
}

const known = hiddenField<ConnEnds>();

/** They are the same for each request that a connection carries. */
export function endsOf(conn: Socket): ConnEnds {
  let ends = known.get(conn);
  if (ends === undefined) {
    const { remoteAddress, remotePort, localAddress, localPort } = conn;
    ends = { remoteAddress, remotePort, localAddress, localPort };
    known.set(conn, ends);
  }
  return ends;
}
