import type { Socket } from 'node:net';
import type { Origin } from '../../origin.js';
import { hiddenField } from '../../patch/hidden-field.js';
import { Connection, type WatchConnection } from '../connection/connection.js';
import { isTls } from '../connection/tls-state.js';
import type { Report } from '../request-trace.js';
import { guarded } from '../subscribe.js';
import type { NodeExchange } from './exchange.js';

/** A socket that requests are written to. */
class PooledSocket {
  readonly socket: Socket;
  /** Known from when it is connected. */
  connection: Connection | undefined;
  /** Which request is on it. */
  exchange: NodeExchange | undefined = undefined;
  tellsFree = false;

  constructor(socket: Socket, connection: Connection | undefined) {
    this.socket = socket;
    this.connection = connection;
  }
}

/** The connections that agents give to requests, and get back. */
export class NodeConnections {
  private readonly pooled = hiddenField<PooledSocket>();
  private readonly watch: WatchConnection;
  private readonly report: Report;
  private readonly onFree: (this: Socket) => void;

  constructor(watch: WatchConnection, report: Report) {
    this.watch = watch;
    this.report = report;
    const { pooled } = this;
    const free = guarded('free', putBack, report);
    this.onFree = function onFree() {
      free(pooled.get(this));
    };
  }

  /**
   * A connection is being made, perhaps for another request than the one that it will carry.
   *
   * @param over The connection that it is laid over, which carries no other requests from now on.
   */
  dialled(socket: Socket, origin: Origin, over: Socket | undefined): void {
    if (over !== undefined) {
      this.pooled.get(over)?.connection?.leavePool();
    }
    if (!this.pooled.has(socket)) {
      const made = new PooledSocket(socket, undefined);
      this.pooled.set(socket, made);
      this.whenConnected(socket, () => {
        made.connection = Connection.established(socket);
        this.watch(made.connection, origin);
      });
    }
  }

  /**
   * A request was given this socket.
   *
   * @param ready Called when the request can be written to it: at once, or when it is connected.
   */
  given(
    socket: Socket,
    exchange: NodeExchange,
    ready: (exchange: NodeExchange, socket: Socket) => void,
  ): void {
    const connecting = isConnecting(socket);
    if (connecting) {
      this.dialled(socket, exchange.origin, undefined);
    }
    const pooled = this.pooled.get(socket) ?? this.older(socket, exchange);
    if (!pooled.tellsFree) {
      pooled.tellsFree = true;
      // After the agent's own listener: what it did with the socket is known then.
      socket.on('free', this.onFree);
    }
    if (connecting) {
      this.whenConnected(socket, () => take(pooled, exchange, ready));
    } else if (!socket.destroyed) {
      take(pooled, exchange, ready);
    }
  }

  private whenConnected(socket: Socket, run: () => void): void {
    const event = isTls(socket) ? 'secureConnect' : 'connect';
    socket.once(event, guarded(event, run, this.report));
  }

  /** One that we did not see being made. By what was written to it, it carried requests before, or did not. */
  private older(socket: Socket, { request, tookIdle }: NodeExchange): PooledSocket {
    const isUsed = request.reusedSocket || socket.bytesWritten > 0;
    const pooled = new PooledSocket(
      socket,
      isUsed ? Connection.older(socket, tookIdle) : Connection.established(socket),
    );
    this.pooled.set(socket, pooled);
    return pooled;
  }
}

function take(
  pooled: PooledSocket,
  exchange: NodeExchange,
  ready: (exchange: NodeExchange, socket: Socket) => void,
): void {
  if (pooled.connection !== undefined && !exchange.settled) {
    pooled.exchange = exchange;
    exchange.gotConn(pooled.connection.take(exchange.wantedAt));
    ready(exchange, pooled.socket);
  }
}

/** The request that was on it is done; its agent has got it back, or has dropped it. */
function putBack(pooled: PooledSocket | undefined): void {
  if (pooled?.connection === undefined) {
    return;
  }
  const { connection, exchange, socket } = pooled;
  if (exchange === undefined) {
    // It carried a request that we did not see.
    connection.take(Number.NEGATIVE_INFINITY);
    connection.release();
    return;
  }
  pooled.exchange = undefined;
  connection.release();
  if (exchange.ended && exchange.request.agent && !socket.destroyed) {
    exchange.trace?.putIdleConn?.();
  }
}

function isConnecting(socket: Socket & { secureConnecting?: boolean }): boolean {
  return socket.connecting || socket.secureConnecting === true;
}
