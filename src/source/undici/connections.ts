import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { now } from '../../clock.js';
import { originAt } from '../../origin.js';
import { Itself } from '../../patch/hidden-field.js';
import type { ChannelMessages } from '../channels.js';
import { Connection, type WatchConnection } from '../connection/connection.js';
import { Dial } from '../connection/dial.js';
import type { SocketListener, SocketMade } from '../connection/new-sockets.js';
import type { Dispatches } from './dispatch.js';
import type { Exchange } from './exchange.js';
import { isNothingUnderWay } from './queue.js';
import { type StreamOpened, watchStreams } from './streams.js';
import { Dialling } from './whose-dial.js';

/** A socket that carries requests. One to a proxy carries a CONNECT, and then is another connection: the tunnel. */
class Carrier extends Itself {
  #connection: Connection;

  constructor(connection: Connection) {
    super(connection.socket);
    this.#connection = connection;
  }

  static connectionOn(socket: Socket): Connection | undefined {
    return #connection in socket ? socket.#connection : undefined;
  }

  static set(connection: Connection): void {
    const { socket } = connection;
    if (#connection in socket) {
      socket.#connection = connection;
    } else {
      new Carrier(connection);
    }
  }
}

/** The connections of undici's clients: for whom they were dialled, and what they carry. */
export class UndiciConnections implements SocketListener {
  private readonly dispatches: Dispatches;
  private readonly dialling: Dialling;
  /** For each socket that is not ready yet, the request that needs it, or needs the TLS or the tunnel over it. */
  private readonly owners = new WeakMap<Socket, Exchange>();
  private readonly dialErrors = new WeakSet<object>();
  private readonly watch: WatchConnection;
  private readonly streamOpened: StreamOpened;
  private readonly closed: (this: Socket) => void;
  private unseenEndedAt = Number.NEGATIVE_INFINITY;

  constructor(dispatches: Dispatches, watch: WatchConnection, streamOpened: StreamOpened) {
    const dialling = new Dialling(dispatches);
    this.dispatches = dispatches;
    this.dialling = dialling;
    this.watch = watch;
    this.streamOpened = streamOpened;
    this.closed = function () {
      Carrier.connectionOn(this)?.leavePool();
      dialling.onClose(this);
    };
  }

  dialBegan(): void {
    this.dialling.onBeforeConnect();
  }

  dialFailed({ error }: ChannelMessages['undici:client:connectError']): void {
    this.dialling.onConnectorDone();
    if (isObject(error)) {
      this.dialErrors.add(error);
    }
  }

  /** Whether a client failed to connect with this very error. Those who waited for it then fail with it, too. */
  isDialError(error: unknown): boolean {
    return isObject(error) && this.dialErrors.has(error);
  }

  /** Whether this socket is made for one of undici's requests. */
  claim({ socket, over }: SocketMade): boolean {
    const owner = over === undefined ? this.dispatches.takeDial() : this.takeOwner(over);
    if (owner === undefined) {
      return false;
    }
    this.owners.set(socket, owner);
    if (owner.trace !== undefined) {
      if (over === undefined) {
        Dial.watch(socket, owner.trace);
      } else {
        Dial.watchHandshake(socket as TLSSocket, owner.trace);
      }
    }
    return true;
  }

  /** The owner is forgotten at once, for a connection may be idle for long. */
  private takeOwner(socket: Socket): Exchange | undefined {
    const owner = this.owners.get(socket);
    this.owners.delete(socket);
    return owner;
  }

  dialSucceeded({ connectParams, socket }: ChannelMessages['undici:client:connected']): void {
    this.dialling.onConnectorDone();
    this.owners.delete(socket);
    const connection = this.keep(Connection.established(socket));
    this.watch(connection, originAt(connectParams.protocol, connectParams.host), true);
  }

  /** The connection that a request is written to. */
  sentOn(socket: Socket, exchange: Exchange): Connection {
    this.dispatches.requestSent(exchange);
    if (exchange.tunnelFor !== undefined) {
      this.owners.set(socket, exchange.tunnelFor);
    }
    return (
      Carrier.connectionOn(socket) ?? this.keep(Connection.older(socket, this.wasIdle(socket, exchange)))
    );
  }

  /** A request ended that was sent before we listened. Its connection is not known. */
  unseenEnded(): void {
    this.unseenEndedAt = now();
  }

  /** Whether a connection that is new to us certainly had nothing to do when this request was called for. */
  private wasIdle(socket: Socket, { wantedAt }: Exchange): boolean {
    return this.unseenEndedAt <= wantedAt && isNothingUnderWay(socket);
  }

  private keep(connection: Connection): Connection {
    const { socket } = connection;
    Carrier.set(connection);
    watchStreams(socket, this.streamOpened);
    // It stays until the connection is closed. All connections share this one function.
    socket.prependListener('close', this.closed);
    return connection;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
