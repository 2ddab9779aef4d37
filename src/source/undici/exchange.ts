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

/** One request of undici, as its recorders see it. */
export interface UndiciHttpRequest {
  /** undici's own once that is made; until then what is known of it. */
  readonly request: UndiciRequest;
  readonly isMade: boolean;
  /** Where it is sent. */
  readonly origin: Origin;
  /** Whether it failed with its client's failure to connect, such as a proxy's refusal. */
  readonly failedToConnect: boolean;
  /** Whether the request has this header and nobody may add another. To be set with the first header that is added. */
  keeps: ((request: UndiciRequest, name: string) => boolean) | undefined;
}

/**
 * A request of undici's that is followed, by the one source of this process. It is `hiddenField`, written out: V8 learns
 * for each function of the source, not for each closure made of it, and that saves 160 instructions at each step.
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
  /** Who wants to know. Nobody may: then the request still uses a connection. */
  trace: RequestTrace | undefined = undefined;
  /** The request for which a proxy is sent this one, a CONNECT. */
  tunnelFor: Exchange | undefined = undefined;
  connection: Connection | undefined = undefined;
  /** The stream of HTTP/2 that it is written to. */
  stream: ClientHttp2Stream | undefined = undefined;
  failedToConnect = false;
  written = false;
  responded = false;
  settled = false;
  keeps: UndiciHttpRequest['keeps'] = undefined;
  /** Told when it ends. The source listens until then. */
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

  /** Its source listens at least until it has ended. */
  keepListening(lifecycle: Lifecycle): void {
    if (this.lifecycle === undefined) {
      this.lifecycle = lifecycle;
      lifecycle.requestBegan();
    }
  }

  /** It is about to be written to this connection, for the first time or again. */
  send(connection: Connection): GotConnInfo {
    this.connection?.release();
    this.connection = connection;
    this.stopFlush?.();
    this.stream = undefined;
    this.written = false;
    this.responded = false;
    return connection.take(this.wantedAt);
  }

  /** All that it sends was given to its connection. Some of that may still be in the connection's buffer. */
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

  /** Waits a tick: undici tells that the response is complete, and only then drops a connection that is used up. */
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
