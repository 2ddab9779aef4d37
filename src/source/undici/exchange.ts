import type { ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { now } from '../../clock.js';
import type { GotConnInfo } from '../../httptrace/client-trace.js';
import { type Origin, originOf } from '../../origin.js';
import { Itself } from '../../patch/hidden-field.js';
import type { UndiciRequest, UndiciResponse } from '../channels.js';
import type { Connection } from '../connection/connection.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Caller, RequestTrace, Stop } from '../request-trace.js';
import { onceEmpty, onceFinished } from './flush.js';
import { incomingHeaders } from './headers.js';

/** One request of undici, as those who are told of it see it. */
export interface UndiciHttpRequest {
  /** undici's own, if it is made; else what is known of it. */
  readonly request: UndiciRequest;
  readonly isMade: boolean;
  /** Where it is sent. */
  readonly origin: Origin;
  /** Whether it failed with that with which its client failed to connect, such as a proxy's refusal. */
  readonly failedToConnect: boolean;
  /** Whether the request has this header, and nobody may add another; to be set with the first that is added. */
  keeps: ((request: UndiciRequest, name: string) => boolean) | undefined;
}

/**
 * A request of undici's that was seen, as this process has one source of them. As `hiddenField`, written out: each request
 * is asked at each step, and V8 learns for each function of the source, and not for each copy of it.
 */
export class Followed extends Itself {
  readonly #exchange: Exchange;

  constructor(request: UndiciRequest, exchange: Exchange) {
    super(request);
    this.#exchange = exchange;
  }

  static by(request: UndiciRequest): Exchange | undefined {
    return #exchange in request ? request.#exchange : undefined;
  }
}

/** One request of undici's from its caller's call to its end, on whatever connections. */
export class Exchange implements UndiciHttpRequest {
  request: UndiciRequest;
  isMade: boolean;
  readonly origin: Origin;
  /** When its caller called. */
  readonly wantedAt: number;
  /** Who called, if it was called through interceptors. */
  caller: Caller | undefined = undefined;
  /** Who wants to know; nobody for a request that is not traced, whose connection still counts. */
  trace: RequestTrace | undefined = undefined;
  /** The request whose dial made this one, a CONNECT, to get through a proxy. */
  tunnelFor: Exchange | undefined = undefined;
  connection: Connection | undefined = undefined;
  /** What it is written to over HTTP/2. */
  stream: ClientHttp2Stream | undefined = undefined;
  failedToConnect = false;
  written = false;
  responded = false;
  settled = false;
  keeps: UndiciHttpRequest['keeps'] = undefined;
  /** Told when it ends, if the source is to listen until then. */
  private lifecycle: Lifecycle | undefined = undefined;
  private stopFlush: Stop | undefined = undefined;

  /** @param isMade Whether the request is undici's own. */
  constructor(request: UndiciRequest, isMade = true) {
    this.request = request;
    this.isMade = isMade;
    this.wantedAt = now();
    this.origin = originOf(typeof request.origin === 'string' ? request.origin : request.origin.origin);
    if (isMade) {
      new Followed(request, this);
    }
  }

  /** undici has made a request of what was announced. */
  made(request: UndiciRequest): void {
    this.request = request;
    this.isMade = true;
    new Followed(request, this);
    this.trace?.made?.();
  }

  /** The source that sees it listens at least until it has ended. */
  keepListening(lifecycle: Lifecycle): void {
    if (this.lifecycle === undefined) {
      this.lifecycle = lifecycle;
      lifecycle.requestBegan();
    }
  }

  /** It is about to be written to this connection, for the first time or once more. */
  send(connection: Connection): GotConnInfo {
    this.connection?.release();
    this.connection = connection;
    this.stopFlush?.();
    this.stream = undefined;
    this.written = false;
    this.responded = false;
    return connection.take(this.wantedAt);
  }

  /** All that it sends was given to its connection, in whose buffer some of it may still lie. */
  wroteAll(): void {
    const { connection, stream } = this;
    if (this.written || this.settled || connection === undefined) {
      return;
    }
    this.stopFlush?.();
    this.stopFlush = undefined;
    if (stream !== undefined || connection.socket.writableLength > 0) {
      const flushed = () => this.flushed();
      this.stopFlush =
        stream === undefined ? onceEmpty(connection.socket, flushed) : onceFinished(stream, flushed);
    }
    if (this.stopFlush === undefined) {
      this.flushed();
    }
  }

  private flushed(): void {
    this.stopFlush = undefined;
    this.written = true;
    this.trace?.wroteRequest?.({});
  }

  /** The first byte of a response, informational or not, is there. */
  gotFirstByte(): void {
    if (!this.responded && !this.settled) {
      this.responded = true;
      this.trace?.gotFirstResponseByte?.();
    }
  }

  /** The head of a response is there. */
  gotHead(response: UndiciResponse): void {
    if (!this.responded) {
      this.gotFirstByte();
    }
    if (this.settled) {
      return;
    }
    const { trace } = this;
    // Informational responses come here too; 101 is a final one.
    if (response.statusCode >= 200 || response.statusCode === 101) {
      trace?.gotResponse?.(response);
    } else if (trace?.got1xxResponse !== undefined) {
      const refusal = trace.got1xxResponse(response.statusCode, incomingHeaders(response.headers));
      if (refusal !== undefined) {
        this.request.abort?.(refusal);
      }
    }
  }

  gotBodyChunk(bytes: number): void {
    if (!this.settled) {
      this.trace?.gotBodyChunk?.(bytes);
    }
  }

  /** Its connection was handed over to the caller. */
  upgraded(statusCode: number, headers: UndiciResponse['headers']): void {
    this.gotHead({ statusCode, statusText: '', headers });
    this.end();
  }

  /** The response is complete. */
  end(): void {
    if (this.settled) {
      return;
    }
    const { request, connection, trace } = this;
    const isHandOver = request.method === 'CONNECT' || Boolean(request.upgrade);
    if (isHandOver && connection !== undefined && !isHttp2(connection.socket)) {
      connection.leavePool();
    }
    this.settle();
    trace?.ended?.();
    if (trace?.putIdleConn !== undefined && !isHandOver) {
      this.tellIdle(trace);
    }
  }

  /** @param failedToConnect Whether its client failed to connect with this error. */
  fail(error: unknown, failedToConnect: boolean): void {
    if (this.settled) {
      return;
    }
    const { trace, connection, written } = this;
    this.failedToConnect = failedToConnect;
    this.settle();
    if (connection !== undefined && !written) {
      trace?.wroteRequest?.({ err: asError(error) });
    }
    trace?.failed?.(error);
  }

  /** undici drops a connection that is not to be used again right after it has said that the response is complete. */
  private tellIdle(trace: RequestTrace): void {
    const socket = this.connection?.socket;
    if (socket !== undefined && !isHttp2(socket)) {
      process.nextTick(() => {
        if (!socket.destroyed) {
          trace.putIdleConn?.();
        }
      });
    }
  }

  private settle(): void {
    this.settled = true;
    this.stopFlush?.();
    this.stopFlush = undefined;
    this.stream = undefined;
    this.connection?.release();
    this.lifecycle?.requestEnded();
  }

  get unsent(): boolean {
    return this.connection === undefined && !this.settled;
  }
}

function isHttp2(socket: Socket): boolean {
  return 'alpnProtocol' in socket && socket.alpnProtocol === 'h2';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
