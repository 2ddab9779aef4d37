import type { Socket } from 'node:net';
import { now } from '../clock.js';
import type { GotConnInfo } from '../httptrace/client-trace.js';

/** Who carries requests on which socket, and since when a socket has nothing to do. */
export class Connection<Exchange extends object> {
  readonly socket: Socket;
  private carried: number;
  /** When it was connected, or when its last request was done; unknown for a connection older than we are. */
  private idleSince: number;
  private readonly inFlight: Exchange[] = [];

  private constructor(socket: Socket, carried: number, idleSince: number) {
    this.socket = socket;
    this.carried = carried;
    this.idleSince = idleSince;
  }

  static established<Exchange extends object>(socket: Socket): Connection<Exchange> {
    return new Connection<Exchange>(socket, 0, now());
  }

  /** A connection that was there before we listened: it was dialled for a request, for how long it is idle is lost. */
  static older<Exchange extends object>(socket: Socket): Connection<Exchange> {
    return new Connection<Exchange>(socket, 1, Number.POSITIVE_INFINITY);
  }

  /** An exchange begins on this connection. */
  take(exchange: Exchange, wantedAt: number): GotConnInfo {
    const wasIdle = this.inFlight.length === 0 && this.idleSince <= wantedAt;
    const info: GotConnInfo = {
      conn: this.socket,
      reused: this.carried > 0,
      wasIdle,
      idleTime: wasIdle ? now() - this.idleSince : 0,
    };
    this.carried++;
    this.inFlight.push(exchange);
    return info;
  }

  /** An exchange is done with this connection, whichever way. */
  release(exchange: Exchange): void {
    const index = this.inFlight.indexOf(exchange);
    if (index !== -1) {
      this.inFlight.splice(index, 1);
      if (this.inFlight.length === 0) {
        this.idleSince = now();
      }
    }
  }
}
