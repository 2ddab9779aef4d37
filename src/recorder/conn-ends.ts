import type { Socket } from 'node:net';
import { Itself } from '../patch/hidden-field.js';

/** The addresses of a connection, read while its socket has them: a closed one has forgotten them. */
export interface ConnEnds {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
}

/** A class of its own and no `hiddenField`, whose code all fields share: that costs each look-up 160 instructions. */
class KnownEnds extends Itself {
  readonly #ends: ConnEnds;

  constructor(conn: Socket, ends: ConnEnds) {
    super(conn);
    this.#ends = ends;
  }

  static of(conn: Socket): ConnEnds | undefined {
    return #ends in conn ? conn.#ends : undefined;
  }
}

/** They are the same for each request that a connection carries. */
export function endsOf(conn: Socket): ConnEnds {
  let ends = KnownEnds.of(conn);
  if (ends === undefined) {
    const { remoteAddress, remotePort, localAddress, localPort } = conn;
    ends = { remoteAddress, remotePort, localAddress, localPort };
    new KnownEnds(conn, ends);
  }
  return ends;
}
