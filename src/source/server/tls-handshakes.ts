import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { now } from '../../clock.js';
import { hiddenField } from '../../patch/hidden-field.js';

/** A handshake of a server that is over. */
export interface ServedHandshake {
  /** When the connection was there, on our clock. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** As `TLSSocket.getProtocol()` names it; `undefined` if none was agreed upon. */
  readonly version: string | undefined;
  /** What Node reported, if the handshake failed. */
  readonly error?: unknown;
}

/** Who wants to know of handshakes, if anybody does. Never throws. */
export type TellHandshake = (handshake: ServedHandshake) => void;

/** The connection below TLS, which Node's types do not have. */
type Carried = TLSSocket & { readonly _parent?: Socket | null };

/** When a connection came on which a handshake is under way. */
const startedAt = hiddenField<number>();

/** Looks at what a server of TLS emits: a connection, and what became of its handshake. */
export function seeHandshake(tell: TellHandshake, args: readonly unknown[]): void {
  switch (args[0]) {
    case 'connection':
      begin(args[1] as EventEmitter);
      break;
    case 'secureConnection':
      end(tell, args[1] as Carried);
      break;
    case 'tlsClientError':
      end(tell, args[2] as Carried, args[1]);
  }
}

function begin(connection: EventEmitter): void {
  if (!startedAt.has(connection)) {
    startedAt.set(connection, now());
  }
}

function end(tell: TellHandshake, socket: Carried, error?: unknown): void {
  const at = socket._parent && startedAt.get(socket._parent);
  if (typeof at === 'number') {
    tell({ startedAt: at, endedAt: now(), version: socket.getProtocol() ?? undefined, error });
  }
}
