import { Socket } from 'node:net';
import * as tls from 'node:tls';
import { hiddenField } from '../../patch/hidden-field.js';
import { watchMethod } from '../../patch/watch-method.js';
import type { Report, Stop } from '../request-trace.js';
import { guarded, subscribe } from '../subscribe.js';

export interface SocketMade {
  readonly socket: Socket;
  /** The connection that a TLS socket is laid over, if it does not make one of its own. */
  readonly over: Socket | undefined;
}

/** Somebody who may have caused a socket to be made. */
export interface SocketListener {
  /** Whether it was made for a request of theirs, by what is on the stack or by what it is laid over. */
  claim(made: SocketMade): boolean;
  /** Nobody could say whose it is. */
  unclaimed?(made: SocketMade): void;
}

/** Tells each socket that this process makes to whoever it was made for, once and nobody else. */
export class NewSockets {
  private readonly report: Report;
  private readonly listeners: SocketListener[] = [];
  /** Newer releases of Node publish a TLS socket that dials, too. */
  private readonly told = hiddenField<true>();
  private stops: Stop[] = [];

  constructor(report: Report) {
    this.report = report;
  }

  listen(listener: SocketListener): Stop {
    this.listeners.push(listener);
    if (this.listeners.length === 1) {
      this.stops = [
        subscribe(
          { 'net.client.socket': ({ socket }) => this.onSocket({ socket, over: undefined }) },
          this.report,
        ),
        ...observeUnpublishedSockets((made) => this.onSocket(made), this.report),
      ];
    }
    return () => this.leave(listener);
  }

  private leave(listener: SocketListener): void {
    const index = this.listeners.indexOf(listener);
    if (index !== -1) {
      this.listeners.splice(index, 1);
    }
    if (this.listeners.length === 0) {
      for (const stop of this.stops.splice(0)) {
        stop();
      }
    }
  }

  private onSocket(made: SocketMade): void {
    if (this.told.has(made.socket)) {
      return;
    }
    this.told.set(made.socket, true);
    if (!this.listeners.some((listener) => listener.claim(made))) {
      for (const listener of this.listeners) {
        listener.unclaimed?.(made);
      }
    }
  }
}

/** Where a TLS socket keeps the connection that it is laid over. */
interface LaidOver {
  readonly _parent?: Socket;
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Whether `net.client.socket` tells of each plain socket that dials, and not only of those of `net.connect`. */
const PUBLISHES_PLAIN_SOCKETS = major === 22 ? minor >= 20 : major > 24 || (major === 24 && minor >= 3);

/**
 * Tells of sockets that no channel tells of: each TLS socket that is about to dial, or that begins its handshake over a
 * connection that is there already, such as a proxy's tunnel; and in older releases of Node each
 * `new net.Socket().connect()`. A patch of `tls.connect` would miss whoever imported it by name before.
 */
function observeUnpublishedSockets(onSocket: (made: SocketMade) => void, report: Report): Stop[] {
  const tell = guarded('a socket', onSocket, report);
  const dialling = PUBLISHES_PLAIN_SOCKETS ? tls.TLSSocket.prototype : Socket.prototype;
  return [
    watchMethod(dialling, 'connect', (socket: Socket) => tell({ socket, over: undefined })),
    watchMethod(tls.TLSSocket.prototype, '_start', (socket: tls.TLSSocket & LaidOver) => {
      const { _parent: over } = socket;
      if (over !== undefined && !socket.connecting) {
        tell({ socket, over });
      }
    }),
  ];
}
