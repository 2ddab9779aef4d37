import type { Socket } from 'node:net';
import { hiddenField } from '../../patch/hidden-field.js';
import type { ChannelMessages, UndiciRequest, UndiciResponse } from '../channels.js';
import type { WatchConnection } from '../connection/connection.js';
import type { NewSockets } from '../connection/new-sockets.js';
import { Lifecycle } from '../lifecycle.js';
import type { Begin, Caller, Report, Source } from '../request-trace.js';
import { guardedPair, type Handlers, subscribe } from '../subscribe.js';
import { Callers } from './callers.js';
import { UndiciConnections } from './connections.js';
import type { UndiciCopy } from './copies.js';
import { Exchange, isHttp2, type UndiciHttpRequest } from './exchange.js';
import { fieldLines, sentHeaders } from './headers.js';
import { nextFor } from './queue.js';
import { RequestMethods } from './request-methods.js';
import type { OpenedStream } from './streams.js';

type Message<Name extends keyof ChannelMessages> = ChannelMessages[Name];

/** Turns the messages of undici, and of the `fetch` built into Node, into the hooks of the request they speak of. */
export class UndiciSource implements Source {
  private readonly exchanges = hiddenField<Exchange>();
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
    this.callers = new Callers(
      begin,
      active,
      this.exchanges,
      {
        traced: this.awaitEnd.bind(this),
        failed: this.onFailedInQueue.bind(this),
      },
      report,
    );
    this.connections = new UndiciConnections(
      this.callers.dispatches,
      (request) => this.underWay(request),
      watch,
      guardedPair('a stream', this.onStream.bind(this), report),
    );
    this.methods = new RequestMethods(
      {
        responseStarted: (request) => this.underWay(request)?.gotFirstByte(),
        gotBodyChunk: this.onBodyChunk.bind(this),
        upgraded: this.onUpgraded.bind(this),
      },
      report,
    );
    this.lifecycle = new Lifecycle(() => [
      subscribe(this.handlers(), report),
      sockets.listen(this.connections),
      this.callers.copies.watch(),
      () => this.methods.stop(),
    ]);
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
      'undici:request:create': this.onCreate.bind(this),
      'undici:client:beforeConnect': () => this.connections.dialBegan(),
      'undici:client:connected': this.onConnected.bind(this),
      'undici:client:connectError': (message) => this.connections.dialFailed(message),
      'undici:client:sendHeaders': this.onSendHeaders.bind(this),
      'undici:request:bodyChunkSent': this.onBodyChunkSent.bind(this),
      'undici:request:bodySent': ({ request }) => this.underWay(request)?.wroteAll(),
      'undici:request:headers': ({ request, response }) => this.underWay(request)?.gotHead(response),
      'undici:request:bodyChunkReceived': this.onBodyChunkReceived.bind(this),
      'undici:request:trailers': this.onTrailers.bind(this),
      'undici:request:error': this.onError.bind(this),
    };
  }

  private onCreate(message: Message<'undici:request:create'>): void {
    this.callers.onCreate(message);
    this.methods.watchLike(message.request);
  }

  private onFailedInQueue(exchange: Exchange, error: unknown): void {
    if (!exchange.settled) {
      this.settle(exchange);
      exchange.trace?.failed?.(error);
    }
  }

  private onConnected(message: Message<'undici:client:connected'>): void {
    this.callers.copies.connected(message.socket);
    this.connections.dialSucceeded(message);
  }

  private onSendHeaders({ request, headers, socket }: Message<'undici:client:sendHeaders'>): void {
    const exchange = this.exchanges.get(request) ?? this.older(request);
    if (!exchange.settled) {
      this.send(exchange, socket, headers);
    }
  }

  /** Created before we listened: nobody is told of it, but it takes a connection like any other. */
  private older(request: UndiciRequest): Exchange {
    const exchange = new Exchange(request);
    this.exchanges.set(request, exchange);
    this.methods.watchLike(request);
    return exchange;
  }

  private send(exchange: Exchange, socket: Socket, headers: string | undefined): void {
    const { trace, request } = exchange;
    const connection = this.connections.sentOn(socket, exchange);
    const info = exchange.send(connection);
    // Traced or not: until it ends, its connection is in use.
    this.awaitEnd(exchange);
    if (trace === undefined) {
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

  /** The client of this connection opens a stream for the request that it is about to write, or has told of. */
  private onStream(socket: Socket, { stream, fields }: OpenedStream): void {
    const request = nextFor(socket);
    const exchange = request === undefined ? undefined : this.underWay(request);
    if (exchange?.unsent) {
      this.send(exchange, socket, fieldLines(fields));
    }
    if (exchange?.connection?.socket === socket) {
      exchange.stream = stream;
    }
  }

  private onBodyChunkSent({ request, chunk }: Message<'undici:request:bodyChunkSent'>): void {
    this.underWay(request)?.trace?.wroteBodyChunk?.(Buffer.byteLength(chunk));
  }

  private onBodyChunkReceived({ request, chunk }: Message<'undici:request:bodyChunkReceived'>): void {
    this.methods.chunkPublished();
    this.onBodyChunk(request, chunk.byteLength);
  }

  private onBodyChunk(request: UndiciRequest, bytes: number): void {
    this.underWay(request)?.trace?.gotBodyChunk?.(bytes);
  }

  private onTrailers({ request }: Message<'undici:request:trailers'>): void {
    const exchange = this.endOf(request);
    if (exchange !== undefined) {
      this.end(exchange);
      if (exchange.trace?.putIdleConn !== undefined) {
        exchange.tellIdle(exchange.trace);
      }
    }
  }

  private onUpgraded(request: UndiciRequest, statusCode: number, headers: UndiciResponse['headers']): void {
    const exchange = this.underWay(request);
    if (exchange !== undefined) {
      exchange.gotHead({ statusCode, statusText: '', headers });
      this.end(exchange);
    }
  }

  private onError({ request, error }: Message<'undici:request:error'>): void {
    const exchange = this.endOf(request);
    if (exchange === undefined) {
      return;
    }
    const { trace, connection, written } = exchange;
    exchange.failedToConnect = this.connections.isDialError(error);
    this.settle(exchange);
    if (connection !== undefined && !written) {
      trace?.wroteRequest?.({ err: asError(error) });
    }
    trace?.failed?.(error);
  }

  private end(exchange: Exchange): void {
    const { request, connection } = exchange;
    const isHandOver = request.method === 'CONNECT' || Boolean(request.upgrade);
    if (isHandOver && connection !== undefined && !isHttp2(connection.socket)) {
      connection.leavePool();
    }
    this.settle(exchange);
    exchange.trace?.ended?.();
  }

  /** undici may speak of a request after it has ended. */
  private underWay(request: UndiciRequest): Exchange | undefined {
    const exchange = this.exchanges.get(request);
    return exchange?.settled === false ? exchange : undefined;
  }

  private endOf(request: UndiciRequest): Exchange | undefined {
    const exchange = this.underWay(request);
    if (exchange === undefined && !this.exchanges.has(request)) {
      this.connections.unseenEnded();
    }
    return exchange;
  }

  private settle(exchange: Exchange): void {
    exchange.settle();
    if (exchange.isAwaited) {
      this.lifecycle.requestEnded();
    }
  }

  private awaitEnd(exchange: Exchange): void {
    if (!exchange.isAwaited) {
      exchange.isAwaited = true;
      this.lifecycle.requestBegan();
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
