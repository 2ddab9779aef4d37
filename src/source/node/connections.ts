import type { Socket } from 'node:net';
import type { Origin } from '../../origin.js';
import { hiddenField } from '../../patch/hidden-field.js';
import { QuietListeners } from '../../patch/quiet-listeners.js';
import { Connection, type WatchConnection } from '../connection/connection.js';
import { isTls } from '../connection/tls-state.js';
import type { Report } from '../request-trace.js';
import { guarded } from '../subscribe.js';
import type { NodeExchange } from './exchange.js';

/** A socket that requests are written to. It keeps a request only while that is on it. */
class PooledSocket {
  readonly socket: Socket;
  /** Known from when it is connected. */
  connection: Connection | undefined;
  /** Which request is on it, or waits until it is connected. */
  exchange: NodeExchange | undefined = undefined;

  constructor(socket: Socket, connection: Connection | undefined) {
    this.socket = socket;
    this.connection = connection;
  }

  /** Gives the connection to the request that was given the socket. */
  take(): void {
    const { connection, exchange } = this;
    if (connection === undefined || exchange === undefined) {
      return;
    }
    if (exchange.settled) {
      this.exchange = undefined;
    } else {
      exchange.gotConn(connection);
    }
  }
}

/** The connections that agents give to requests, and get back. */
export class NodeConnections {
  private readonly pooled = hiddenField<PooledSocket>();
  private readonly watch: WatchConnection;
  private readonly report: Report;
  private readonly putIdleConn: (exchange: NodeExchange) => void;

  constructor(watch: WatchConnection, report: Report) {
    this.watch = watch;
    this.report = report;
    this.putIdleConn = guarded('free', putIdleConn, report);
  }

  /**
   * A connection is being made, perhaps for another request than the one that it will carry.
   *
   * @param over The connection that it is laid over, which carries no other requests from now on.
   */
  dialled(socket: Socket, origin: Origin, over: Socket | undefined): void {
    if (over !== undefined) {
      this.leavePool(over);
    }
    if (!this.pooled.has(socket)) {
      this.keep(socket, undefined);
      this.whenConnected(socket, origin);
    }
  }

  /** A request was given this socket, which may still have to be connected. */
  given(socket: Socket, exchange: NodeExchange): void {
    if (socket.connecting || ('secureConnecting' in socket && socket.secureConnecting === true)) {
      this.dialled(socket, exchange.origin, undefined);
    }
    const pooled = this.pooled.get(socket) ?? this.older(socket, exchange);
    pooled.exchange = exchange;
    if (!socket.destroyed) {
      pooled.take();
    }
  }

  /** A request is done with its socket: its agent gets that back now, or drops it. */
  release(exchange: NodeExchange): void {
    const { socket } = exchange.request;
    const pooled = socket ? this.pooled.get(socket) : undefined;
    if (pooled?.exchange !== exchange) {
      return;
    }
    pooled.exchange = undefined;
    if (exchange.connected) {
      pooled.connection?.release();
    }
    if (exchange.ended && exchange.request.agent && exchange.trace?.putIdleConn !== undefined) {
      // Node tells the agent in this very turn, and what it does with the socket is known then.
      process.nextTick(this.putIdleConn, exchange);
    }
  }

  /** A socket was handed over to the program, or carries another connection now: no request will be given it. */
  leavePool(socket: Socket): void {
    const pooled = this.pooled.get(socket);
    if (pooled !== undefined) {
      pooled.exchange = undefined;
      pooled.connection?.leavePool();
    }
  }

  private keep(socket: Socket, connection: Connection | undefined): PooledSocket {
    const pooled = new PooledSocket(socket, connection);
    this.pooled.set(socket, pooled);
    return pooled;
  }

  private whenConnected(socket: Socket, origin: Origin): void {
    const listeners = new QuietListeners(socket);
    const connected = guarded(
      'a new connection',
      (pooled: PooledSocket | undefined) => {
        if (pooled !== undefined) {
          pooled.connection = Connection.established(socket);
          this.watch(pooled.connection, origin);
          pooled.take();
        }
      },
      this.report,
    );
    listeners.on(isTls(socket) ? 'secureConnect' : 'connect', () => {
      listeners.removeAll();
      connected(this.pooled.get(socket));
    });
    listeners.on('close', () => listeners.removeAll());
  }

  /** A connection that we did not see being made. Whether it carried requests shows by what was written to it. */
  private older(socket: Socket, { request, tookIdle }: NodeExchange): PooledSocket {
    const isUsed = request.reusedSocket || socket.bytesWritten > 0;
    return this.keep(socket, isUsed ? Connection.older(socket, tookIdle) : Connection.established(socket));
  }
}

function putIdleConn({ request, trace }: NodeExchange): void {
  if (request.socket?.destroyed === false) {
    trace?.putIdleConn?.();
  }
}
