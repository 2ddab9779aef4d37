import type { ClientHttp2Stream } from 'node:http2';
import { now } from '../../clock.js';
import type { Origin } from '../../origin.js';
import { Itself } from '../../patch/hidden-field.js';
import type { Connection } from '../connection/connection.js';
import type { Lifecycle } from '../lifecycle.js';
import type { RequestTrace } from '../request-trace.js';
import type { RequestHeaders } from './headers.js';
import type { Http2Request } from './request.js';
import type { Http2Session } from './session.js';
import { type ResponseHeaders, Telling } from './telling.js';
import { type Closer, isGivenUp, verdictOf } from './verdict.js';

/**
 * A stream that was opened since we listen. This is a `hiddenField`, written out: a stream is asked at each step, and V8
 * learns for each function of the source, and not for each copy of it.
 */
export class Followed extends Itself {
  readonly #exchange: Http2Exchange;

  constructor(stream: ClientHttp2Stream, exchange: Http2Exchange) {
    super(stream);
    this.#exchange = exchange;
  }

  static by(stream: object): Http2Exchange | undefined {
    return #exchange in stream ? stream.#exchange : undefined;
  }
}

/**
 * Decides who watches the connection of a session. Called when the connection is there, and again with each request. The
 * first request that is recorded shows that the connection counts. A call of gRPC may show that it does not.
 */
export type WatchSession = (connection: Connection, origin: Origin, isGrpc: boolean) => void;

/** One request of a `node:http2` client, from the call that makes it until its stream is closed. */
export class Http2Exchange implements Http2Request {
  readonly on: Http2Session;
  readonly headers: RequestHeaders;
  readonly wantedAt = now();
  stream: ClientHttp2Stream | undefined = undefined;
  readonly telling = new Telling();
  timedOut = false;
  givenUp = false;
  /** Whether the opening of the stream was told. */
  connected = false;
  /** Whether the request has ended and its stream is closed. Nothing is told of it any more. */
  isSettled = false;
  /** Who closed the stream before the response was complete; `undefined` if it was destroyed. */
  private closedBy: Closer | undefined = undefined;
  private readonly watch: WatchSession;
  private readonly lifecycle: Lifecycle;
  private hasNoBody = false;
  /** Whether all of the response has arrived. */
  private complete = false;
  private released = false;

  constructor(on: Http2Session, headers: RequestHeaders, watch: WatchSession, lifecycle: Lifecycle) {
    this.on = on;
    this.headers = headers;
    this.watch = watch;
    this.lifecycle = lifecycle;
  }

  get origin(): Origin {
    return this.headers.originFrom(this.on.origin);
  }

  /** @param trace `undefined` for a request that is not traced. Its connection counts all the same. */
  begin(trace: RequestTrace | undefined): void {
    this.telling.trace = trace;
    this.lifecycle.requestBegan();
    trace?.getConn?.(this.on.origin.hostPort);
  }

  /** Node has made the stream, and has opened it if the session is connected. */
  made(stream: ClientHttp2Stream): void {
    this.stream = stream;
    new Followed(stream, this);
    // The program does not have the stream yet: if it is ended, Node ended it.
    this.hasNoBody = stream.writableEnded;
    this.telling.trace?.made?.();
    this.start();
  }

  /** The headers are on their way, unless the stream still waits for its session. */
  start(): void {
    const { stream, telling } = this;
    const { connection } = this.on;
    if (this.connected || telling.isOver || stream?.pending !== false || connection === undefined) {
      return;
    }
    this.connected = true;
    this.watch(connection, this.on.origin, this.headers.isGrpc);
    const info = this.on.take(stream, connection, this.wantedAt);
    telling.sent(info, connection, stream, !this.hasNoBody && this.headers.expectsContinue);
    if (this.hasNoBody) {
      telling.finished();
    }
  }

  /** The request was handed to the operating system, or Node ended it because the stream is closed. */
  finish(): void {
    this.start();
    if (!this.stream?.closed) {
      this.telling.finished();
    }
  }

  /** Node was given a part of the request's body. */
  wroteBodyChunk(bytes: number): void {
    this.start();
    this.telling.wroteBodyChunk(bytes);
  }

  /** The head of an informational response arrived. */
  inform(headers: ResponseHeaders): void {
    const refusal = this.telling.informed(headers);
    if (refusal !== undefined) {
      this.stream?.destroy(refusal);
    }
  }

  /** The head of the final response arrived. */
  respond(headers: ResponseHeaders, raw: readonly string[]): void {
    const { telling } = this;
    if (telling.isAnswered || telling.isOver) {
      return;
    }
    const statusCode = Number(headers[':status']);
    telling.responded(statusCode, headers, raw);
    // A tunnel for another protocol, such as WebSockets, is open. What follows is not HTTP.
    const isHandedOver = this.headers.method === 'CONNECT' && statusCode >= 200 && statusCode < 300;
    if (isHandedOver || (this.complete && this.stream?.closed)) {
      this.end();
    }
  }

  /** The program calls `close`, or Node calls it because the connection is gone. */
  closing(): void {
    this.closedBy = this.on.socket.destroyed ? 'nobody' : 'caller';
  }

  /** `close` threw, and the stream is open: its argument was no code. */
  staysOpen(): void {
    this.closedBy = undefined;
  }

  /** Nothing more is received, because the response is complete or because the stream is closed. */
  receivedLast(): void {
    const { stream } = this;
    if (stream?.closed === false) {
      this.complete = true;
    } else {
      this.closed();
    }
  }

  /** The stream is closed. Node may still tell the program of data that arrived, or of an error. */
  closed(): void {
    const { stream } = this;
    if (this.complete) {
      this.release();
      if (this.telling.isAnswered) {
        this.end();
      }
    } else if (this.closedBy === 'caller') {
      if (isGivenUp(stream?.rstCode)) {
        this.conclude();
      }
    } else if (stream?.destroyed === false && this.closedBy === undefined) {
      // Without an error Node destroys the stream only when all that arrived is read.
      this.closedBy = 'server';
      process.nextTick(() => this.gone());
    }
  }

  /** Node has nothing more to tell of the stream. */
  gone(): void {
    this.release();
    if (this.complete) {
      this.end();
    } else {
      this.conclude();
    }
  }

  /** The stream ended before the response was complete. */
  private conclude(): void {
    const { stream } = this;
    if (stream !== undefined && !this.telling.isOver) {
      const verdict = verdictOf(stream, this.closedBy, this.on.socket);
      this.givenUp = verdict === undefined;
      this.fail(verdict);
    }
  }

  private end(): void {
    if (!this.telling.isOver) {
      this.telling.ended();
      this.leave();
    }
  }

  fail(error: unknown): void {
    if (!this.telling.isOver) {
      this.telling.failed(error);
      this.leave();
    }
  }

  /** The stream is closed, and no longer counts as a request on its connection. */
  private release(): void {
    if (this.connected && !this.released) {
      this.released = true;
      this.on.connection?.release();
      this.leave();
    }
  }

  /** The source listens until the stream is closed, which may be after the request has ended. */
  private leave(): void {
    if (this.telling.isOver && this.released === this.connected) {
      this.isSettled = true;
      this.lifecycle.requestEnded();
    }
  }
}
