import type { ClientHttp2Stream } from 'node:http2';
import { now } from '../../clock.js';
import type { Origin } from '../../origin.js';
import { hiddenField } from '../../patch/hidden-field.js';
import type { Connection } from '../connection/connection.js';
import type { Lifecycle } from '../lifecycle.js';
import type { RequestTrace } from '../request-trace.js';
import type { RequestHeaders } from './headers.js';
import type { Http2Request } from './request.js';
import type { Http2Session } from './session.js';
import { type ResponseHeaders, Telling } from './telling.js';
import { type Closer, isGivenUp, verdictOf } from './verdict.js';

/** The exchange of each stream that was opened since we look. */
export const exchanges = hiddenField<Http2Exchange>();

/**
 * Says who watches the connection of a session: when it is there, and again with each request, for the first one that
 * is recorded shows that it is to be, and a call of gRPC, which may not be recorded, that it is not.
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
  /** Whether its stream was opened, and that was told. */
  connected = false;
  /** Whether it is over, and its connection is free of it: nothing is told of it any more. */
  isSettled = false;
  /** Who closed the stream before the response was complete; nobody if it was destroyed. */
  private closedBy: Closer | undefined = undefined;
  private readonly watch: WatchSession;
  private readonly lifecycle: Lifecycle;
  private hasNoBody = false;
  /** Whether the last of the response is there. */
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

  /** @param trace Who wants to know; nobody for a request that is not traced, whose connection still counts. */
  begin(trace: RequestTrace | undefined): void {
    this.telling.trace = trace;
    this.lifecycle.requestBegan();
    trace?.getConn?.(this.on.origin.hostPort);
  }

  /** Node has made its object for the request, and has opened the stream if it is connected. */
  made(stream: ClientHttp2Stream): void {
    this.stream = stream;
    exchanges.set(stream, this);
    // Only Node can have ended it by now.
    this.hasNoBody = stream.writableEnded;
    this.telling.trace?.made?.();
    this.start();
  }

  /** The stream is open, if it does not wait for its session any more, and its headers are on their way. */
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

  /** All of it was handed to the operating system; or Node ends it, for the stream is closed. */
  finish(): void {
    this.start();
    if (!this.stream?.closed) {
      this.telling.finished();
    }
  }

  /** A part of the request's body was handed to Node. */
  wroteBodyChunk(bytes: number): void {
    this.start();
    this.telling.wroteBodyChunk(bytes);
  }

  /** The head of an informational response is there. */
  inform(headers: ResponseHeaders): void {
    const refusal = this.telling.informed(headers);
    if (refusal !== undefined) {
      this.stream?.destroy(refusal);
    }
  }

  /** The head of the final response is there. */
  respond(headers: ResponseHeaders, raw: readonly string[]): void {
    const { telling } = this;
    if (telling.isAnswered || telling.isOver) {
      return;
    }
    const statusCode = Number(headers[':status']);
    telling.responded(statusCode, headers, raw);
    // A tunnel for another protocol, such as that of WebSockets, is open: what comes now is no HTTP any more.
    const isHandedOver = this.headers.method === 'CONNECT' && statusCode >= 200 && statusCode < 300;
    if (isHandedOver || (this.complete && this.stream?.closed)) {
      this.end();
    }
  }

  /** The program closes the stream itself, or Node does, for its connection is gone. */
  closing(): void {
    this.closedBy = this.on.socket.destroyed ? 'nobody' : 'caller';
  }

  /** It did not: what it was called with is no code. */
  staysOpen(): void {
    this.closedBy = undefined;
  }

  /** No more is received: the response is complete, or the stream is closed. */
  receivedLast(): void {
    const { stream } = this;
    if (stream?.closed === false) {
      this.complete = true;
    } else {
      this.closed();
    }
  }

  /** The stream is closed. What Node has received of it may be told the program in a moment, and so may an error. */
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
      // With no error to tell, Node destroys it only when everything is read.
      this.closedBy = 'server';
      process.nextTick(() => this.gone());
    }
  }

  /** Node has nothing more to tell of it. */
  gone(): void {
    this.release();
    if (this.complete) {
      this.end();
    } else {
      this.conclude();
    }
  }

  /** It ended before its response was complete. */
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

  /** The stream is closed: its connection has one less to carry. */
  private release(): void {
    if (this.connected && !this.released) {
      this.released = true;
      this.on.connection?.release();
      this.leave();
    }
  }

  /** It must be watched until its connection is free of it, which may be after its end. */
  private leave(): void {
    if (this.telling.isOver && this.released === this.connected) {
      this.isSettled = true;
      this.lifecycle.requestEnded();
    }
  }
}
