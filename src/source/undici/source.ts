import type { Socket } from 'node:net';
import type { ChannelMessages, UndiciRequest } from '../channels.js';
import type { WatchConnection } from '../connection/connection.js';
import type { NewSockets } from '../connection/new-sockets.js';
import { Lifecycle } from '../lifecycle.js';
import type { Begin, Caller, Report, Source } from '../request-trace.js';
import { guardedPair, type Handlers, subscribe } from '../subscribe.js';
import { Callers } from './callers.js';
import { UndiciConnections } from './connections.js';
import type { UndiciCopy } from './copies.js';
import { Exchange, Followed, type UndiciHttpRequest } from './exchange.js';
import { fieldLines, sentHeaders } from './headers.js';
import { nextFor } from './queue.js';
import { RequestMethods } from './request-methods.js';
import type { OpenedStream } from './streams.js';

type Message<Name extends keyof ChannelMessages> = ChannelMessages[Name];

/** Turns each message of undici, or of the `fetch` built into Node, into a hook of the request that it is about. */
export class UndiciSource implements Source {
  private readonly callers: Callers;
  private readonly connections: UndiciConnections;
  private readonly methods: RequestMethods;
  private readonly lifecycle: Lifecycle;

  /** @param active Who calls now. */
  constructor(
    begin: Begin<UndiciHttpRequest>,
    active: () => Caller,
    sockets: NewSockets,
    watch: WatchConnection,
    report: Report,
  ) {
    this.methods = new RequestMethods(report);
    this.lifecycle = new Lifecycle(() => [
      subscribe(this.handlers(), report),
      sockets.listen(this.connections),
      this.callers.copies.watch(),
      () => this.methods.stop(),
    ]);
    this.callers = new Callers(begin, active, this.lifecycle, this.methods, report);
    this.connections = new UndiciConnections(
      this.callers.dispatches,
      watch,
      guardedPair('a stream', this.onStream.bind(this), report),
    );
  }

  start(): void {
    this.lifecycle.start();
  }

  stop(): void {
    this.lifecycle.stop();
  }

  /** Each copy of undici that is loaded, and whether it is seen who calls it. */
  get copies(): UndiciCopy[] {
    return this.callers.copies.loaded;
  }

  private handlers(): Handlers {
    return {
      'undici:request:create': this.callers.onCreate.bind(this.callers),
      'undici:client:beforeConnect': () => this.connections.dialBegan(),
      'undici:client:connected': this.onConnected.bind(this),
      'undici:client:connectError': (message) => this.connections.dialFailed(message),
      'undici:client:sendHeaders': this.onSendHeaders.bind(this),
      'undici:request:bodyChunkSent': this.onBodyChunkSent.bind(this),
      'undici:request:bodySent': ({ request }) => Followed.by(request)?.wroteAll(),
      'undici:request:headers': ({ request, response }) => Followed.by(request)?.gotHead(response),
      'undici:request:bodyChunkReceived': this.onBodyChunkReceived.bind(this),
      'undici:request:trailers': this.onTrailers.bind(this),
      'undici:request:error': this.onError.bind(this),
    };
  }

  private onConnected(message: Message<'undici:client:connected'>): void {
    this.callers.copies.connected(message.socket);
    this.connections.dialSucceeded(message);
  }

  private onSendHeaders({ request, headers, socket }: Message<'undici:client:sendHeaders'>): void {
    const exchange = Followed.by(request) ?? this.older(request);
    if (!exchange.settled) {
      this.send(exchange, socket, headers);
    }
  }

  /** The request was made before we listened. Nobody is told of it, but it takes a connection like any other. */
  private older(request: UndiciRequest): Exchange {
    this.methods.watchLike(request);
    return new Exchange(request);
  }

  private send(exchange: Exchange, socket: Socket, headers: string | undefined): void {
    const { trace, request } = exchange;
    const connection = this.connections.sentOn(socket, exchange);
    const info = exchange.send(connection);
    if (trace === undefined) {
      // Until it ends, its connection is in use.
      exchange.keepListening(this.lifecycle);
      return;
    }
    trace.gotConn?.(info, connection.ends);
    if (trace.wroteHeaderField !== undefined && headers !== undefined) {
      for (const [name, values] of sentHeaders(headers, request)) {
        if (exchange.settled) {
          break;
        }
        trace.wroteHeaderField(name, values);
      }
    }
    // A hook may have given the request up.
    if (!exchange.settled) {
      trace.wroteHeaders?.();
    }
  }

  /** The client of this connection opened a stream, for the request that it is writing now. */
  private onStream(socket: Socket, { stream, fields }: OpenedStream): void {
    const request = nextFor(socket);
    const exchange = request === undefined ? undefined : Followed.by(request);
    if (exchange?.unsent) {
      this.send(exchange, socket, fieldLines(fields));
    }
    if (exchange?.settled === false && exchange.connection?.socket === socket) {
      exchange.stream = stream;
    }
  }

  private onBodyChunkSent({ request, chunk }: Message<'undici:request:bodyChunkSent'>): void {
    const exchange = Followed.by(request);
    if (exchange?.settled === false) {
      exchange.trace?.wroteBodyChunk?.(Buffer.byteLength(chunk));
    }
  }

  private onBodyChunkReceived({ request, chunk }: Message<'undici:request:bodyChunkReceived'>): void {
    this.methods.chunkPublished();
    Followed.by(request)?.gotBodyChunk(chunk.byteLength);
  }

  private onTrailers({ request }: Message<'undici:request:trailers'>): void {
    const exchange = Followed.by(request);
    if (exchange === undefined) {
      this.connections.unseenEnded();
    } else {
      exchange.end();
    }
  }

  private onError({ request, error }: Message<'undici:request:error'>): void {
    const exchange = Followed.by(request);
    if (exchange === undefined) {
      this.connections.unseenEnded();
    } else {
      exchange.fail(error, this.connections.isDialError(error));
    }
  }
}
