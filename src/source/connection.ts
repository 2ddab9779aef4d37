import type { Socket } from 'node:net';
import { now } from '../clock.js';
import type { GotConnInfo } from '../httptrace/client-trace.js';

/** What a socket has carried, and since when it has nothing to do. */
export class Connection {
  readonly socket: Socket;
  private carried: number;
  /** When it was connected, or when its last request was done; unknown for a connection older than we are. */
  private idleSince: number;
  private inFlight = 0;

  private constructor(socket: Socket, carried: number, idleSince: number) {
    this.socket = socket;
    this.carried = carried;
    this.idleSince = idleSince;
  }

  static established(socket: Socket): Connection {
    return new Connection(socket, 0, now());
  }

  /** A connection that was there before we listened: it was dialled for a request, for how long it is idle is lost. */
  static older(socket: Socket): Connection {
    return new Connection(socket, 1, Number.POSITIVE_INFINITY);
  }

  /** A request begins on this connection; for each of them `release` must follow once. */
  take(wantedAt: number): GotConnInfo {
    const wasIdle = this.inFlight === 0 && this.idleSince <= wantedAt;
    const info: GotConnInfo = {
      conn: this.socket,
      reused: this.carried > 0,
      wasIdle,
      idleTime: wasIdle ? now() - this.idleSince : 0,
    };
    this.carried++;
    this.inFlight++;
    return info;
  }

  /** A request is done with this connection, whichever way. */
  release(): void {
    this.inFlight--;
    if (this.inFlight === 0) {
      this.idleSince = now();
    }
  }
}
