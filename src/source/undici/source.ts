import { executionAsyncId } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { hiddenField } from '../../patch/hidden-field.js';
import type { ChannelMessages, UndiciRequest, UndiciResponse } from '../channels.js';
import type { WatchConnection } from '../connection/connection.js';
import type { NewSockets } from '../connection/new-sockets.js';
import { Lifecycle } from '../lifecycle.js';
import type { Begin, Caller, Report, RequestTrace, Source } from '../request-trace.js';
import { guardedPair, type Handlers, subscribe } from '../subscribe.js';
import { Calls } from './calls.js';
import { isHttp2, UndiciConnections } from './connections.js';
import type { UndiciCopy } from './copies.js';
import { callerOf, Exchange, type UndiciHttpRequest } from './exchange.js';
import { fieldLines, incomingHeaders, sentHeaders } from './headers.js';
import { Interceptors } from './interceptors.js';
import { nextFor } from './queue.js';
import { RequestMethods } from './request-methods.js';
import type { OpenedStream } from './streams.js';

type Message<Name extends keyof ChannelMessages> = ChannelMessages[Name];

/** Turns the messages of undici, and of the `fetch` built into Node, into the hooks of the request they speak of. */
export class UndiciSource implements Source {
  private readonly begin: Begin<UndiciHttpRequest>;
  private readonly exchanges = hiddenField<Exchange>();
  private readonly connections: UndiciConnections;
  private readonly calls: Calls;
  private readonly interceptors: Interceptors;
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
    this.begin = begin;
    this.interceptors = new Interceptors(active);
    this.connections = new UndiciConnections(
      (request) => this.underWay(request),
      watch,
      guardedPair(
        'a stream',
        (socket: Socket, opened: OpenedStream) => this.onStream(socket, opened),
        report,
      ),
    );
    this.methods = new RequestMethods(
      {
        responseStarted: (request) => this.onResponseStarted(request),
        gotBodyChunk: (request, bytes) => this.onBodyChunk(request, bytes),
        upgraded: (request, statusCode, headers) => this.onUpgraded(request, statusCode, headers),
      },
      report,
    );
    this.calls = new Calls(
      {
        waits: (exchange, handler) => this.onWait(exchange, handler),
        failed: (exchange, error) => this.onFailedInQueue(exchange, error),
        cameBack: () => this.connections.callCameBack(),
      },
      report,
    );
    this.lifecycle = new Lifecycle(() => [
      subscribe(this.handlers(), report),
      sockets.listen(this.connections),
      this.calls.watch(),
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
    return this.calls.copies;
  }

  private handlers(): Handlers {
    return {
      'undici:request:create': (message) => this.onCreate(message),
      'undici:client:beforeConnect': () => this.connections.dialBegan(),
      'undici:client:connected': (message) => this.onConnected(message),
      'undici:client:connectError': (message) => this.connections.dialFailed(message),
      'undici:client:sendHeaders': (message) => this.onSendHeaders(message),
      'undici:request:bodyChunkSent': (message) => this.onBodyChunkSent(message),
      'undici:request:bodySent': (message) => this.onBodySent(message),
      'undici:request:headers': (message) => this.onHeaders(message),
      'undici:request:bodyChunkReceived': (message) => this.onBodyChunkReceived(message),
      'undici:request:trailers': (message) => this.onTrailers(message),
      'undici:request:error': (message) => this.onError(message),
    };
  }

  /** A call waits for a connection: its life begins before undici makes a request of it. */
  private onWait(exchange: Exchange, handler: object): void {
    exchange.caller = this.interceptors.callerOf(handler);
    this.beginTrace(exchange, this.begin(exchange, exchange.wantedAt, exchange.caller));
  }

  private onFailedInQueue(exchange: Exchange, error: unknown): void {
    if (!exchange.settled) {
      this.settle(exchange);
      exchange.trace?.failed?.(error);
    }
  }

  private onCreate({ request }: Message<'undici:request:create'>): void {
    const handler = this.calls.made(request);
    const waited = handler === undefined ? undefined : this.calls.waited(handler);
    const exchange = waited ?? new Exchange(request);
    this.exchanges.set(request, exchange);
    this.connections.created(exchange);
    if (waited !== undefined) {
      waited.request = request;
      waited.trace?.made?.();
    } else if (request.method !== 'CONNECT') {
      // A CONNECT is part of another request's dial; or a tunnel of the caller's own, which Go does not trace either.
      this.beginTrace(
        exchange,
        handler === undefined ? this.beginUnseen(exchange) : this.beginSeen(exchange, handler),
      );
    }
    if (exchange.caller !== undefined) {
      this.interceptors.follow(request, exchange.caller);
    }
    this.connections.mayDial(exchange);
  }

  private beginSeen(exchange: Exchange, handler: object): RequestTrace | undefined {
    exchange.caller = this.interceptors.callerOf(handler);
    return this.begin(exchange, exchange.wantedAt, exchange.caller);
  }

  /** The call is not on the stack, so it may be that of another request; some handlers know their caller. */
  private beginUnseen(exchange: Exchange): RequestTrace | undefined {
    const caller = callerOf(exchange.request, executionAsyncId());
    return caller === undefined
      ? this.begin(exchange, exchange.wantedAt)
      : caller.runInAsyncScope(this.begin, undefined, exchange, exchange.wantedAt);
  }

  private beginTrace(exchange: Exchange, trace: RequestTrace | undefined): void {
    if (trace !== undefined) {
      this.awaitEnd(exchange);
      exchange.trace = trace;
      trace.getConn?.(exchange.origin.hostPort);
    }
  }

  private onConnected(message: Message<'undici:client:connected'>): void {
    this.calls.connected(message.socket);
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
    return exchange;
  }

  private send(exchange: Exchange, socket: Socket, headers: string | undefined): void {
    const { trace, request } = exchange;
    const info = exchange.send(this.connections.sentOn(socket, exchange));
    this.connections.settled(exchange);
    this.methods.watchLike(request);
    // Traced or not: until it ends, its connection is in use.
    this.awaitEnd(exchange);
    if (trace === undefined) {
      return;
    }
    trace.gotConn?.(info);
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

  private onBodySent({ request }: Message<'undici:request:bodySent'>): void {
    this.underWay(request)?.wroteAll();
  }

  /** undici calls this for each response, informational or not, when its first byte is parsed. */
  private onResponseStarted(request: UndiciRequest): void {
    const exchange = this.underWay(request);
    if (exchange !== undefined && !exchange.responded) {
      exchange.responded = true;
      exchange.trace?.gotFirstResponseByte?.();
    }
  }

  private onHeaders({ request, response }: Message<'undici:request:headers'>): void {
    this.onResponseStarted(request);
    const trace = this.underWay(request)?.trace;
    if (trace === undefined) {
      return;
    }
    // Informational responses come here too; 101 is a final one.
    if (response.statusCode >= 200 || response.statusCode === 101) {
      trace.gotResponse?.(response);
    } else if (trace.got1xxResponse !== undefined) {
      const refusal = trace.got1xxResponse(response.statusCode, incomingHeaders(response.headers));
      if (refusal !== undefined) {
        request.abort?.(refusal);
      }
    }
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
      tellIdle(exchange);
    }
  }

  private onUpgraded(request: UndiciRequest, statusCode: number, headers: UndiciResponse['headers']): void {
    const exchange = this.underWay(request);
    if (exchange !== undefined) {
      this.onHeaders({ request, response: { statusCode, statusText: '', headers } });
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
    const { connection } = exchange;
    if (exchange.isHandOver && connection !== undefined && !isHttp2(connection.socket)) {
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
    this.connections.settled(exchange);
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

/** undici drops a connection that is not to be used again right after it has said that the response is complete. */
function tellIdle({ trace, connection, request }: Exchange): void {
  if (trace?.putIdleConn === undefined || connection === undefined || request.upgrade) {
    return;
  }
  const { socket } = connection;
  if (!isHttp2(socket)) {
    process.nextTick(() => {
      if (!socket.destroyed) {
        trace.putIdleConn?.();
      }
    });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
