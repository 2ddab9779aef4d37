import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { now } from '../../clock.js';
import type { Origin } from '../../origin.js';
import { hiddenField } from '../../patch/hidden-field.js';
import type { Connection } from '../connection/connection.js';
import type { Lifecycle } from '../lifecycle.js';
import type { RequestTrace } from '../request-trace.js';
import { type RequestHeaders, sentFields } from './headers.js';
import type { Http2Request } from './request.js';
import type { Http2Session } from './session.js';
import { type Closer, isGivenUp, verdictOf } from './verdict.js';

export type ResponseHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** The exchange of each stream that was opened since we look. */
export const exchanges = hiddenField<Http2Exchange>();

/**
 * Says who watches the connection of a session: when it is there, and again with each request, for the first one that
 * is recorded shows that it is to be, and a call of gRPC, which may not be recorded, that it is not.
 */
export type WatchSession = (connection: Connection, origin: Origin, isGrpc: boolean) => void;

/** One request of a `node:http2` client. Tells its trace each fact once, and in Go's order. */
export class Http2Exchange implements Http2Request {
  readonly on: Http2Session;
  readonly headers: RequestHeaders;
  readonly wantedAt = now();
  stream: ClientHttp2Stream | undefined = undefined;
  /** Who wants to know; nobody for a request that is not traced, whose connection still counts. */
  trace: RequestTrace | undefined = undefined;
  timedOut = false;
  givenUp = false;
  /** Who closed the stream before the response was complete; nobody if it was destroyed. */
  private closedBy: Closer | undefined = undefined;
  private readonly watch: WatchSession;
  private lifecycle: Lifecycle | undefined = undefined;
  private hasNoBody = false;
  private connected = false;
  private wroteRequest = false;
  private firstByte = false;
  private responded = false;
  /** Of the request's body, from before the stream was open. */
  private unsentBytes = 0;
  /** Of the response's body, from before its head was told. */
  private untoldBytes = 0;
  /** Whether the last of the response is there. */
  private complete = false;
  private settled = false;
  private released = false;

  constructor(on: Http2Session, headers: RequestHeaders, watch: WatchSession) {
    this.on = on;
    this.headers = headers;
    this.watch = watch;
  }

  get origin(): Origin {
    return this.headers.originFrom(this.on.origin);
  }

  begin(trace: RequestTrace | undefined, lifecycle: Lifecycle): void {
    this.trace = trace;
    this.lifecycle = lifecycle;
    lifecycle.requestBegan();
    trace?.getConn?.(this.on.origin.hostPort);
  }

  /** Node has made its object for the request, and has opened the stream if it is connected. */
  made(stream: ClientHttp2Stream): void {
    this.stream = stream;
    exchanges.set(stream, this);
    // Only Node can have ended it by now.
    this.hasNoBody = stream.writableEnded;
    this.trace?.made?.();
    if (!stream.pending) {
      this.start();
    }
  }

  /** The stream is open, and its headers are on their way. */
  start(): void {
    const { stream } = this;
    const { connection } = this.on;
    if (this.connected || this.settled || stream === undefined || connection === undefined) {
      return;
    }
    this.connected = true;
    this.watch(connection, this.on.origin, this.headers.isGrpc);
    const info = this.on.take(stream, connection, this.wantedAt);
    if (this.trace !== undefined) {
      this.trace.gotConn?.(info);
      this.tellHeaders(this.trace);
      if (this.unsentBytes > 0) {
        this.trace.wroteBodyChunk?.(this.unsentBytes);
      }
    }
    if (this.hasNoBody) {
      this.finish();
    }
  }

  private tellHeaders(trace: RequestTrace): void {
    const { stream } = this;
    if (trace.wroteHeaderField !== undefined && stream !== undefined) {
      for (const [name, values] of sentFields(stream)) {
        trace.wroteHeaderField(name, values);
      }
    }
    trace.wroteHeaders?.();
    if (!this.hasNoBody && this.headers.get('expect')?.toLowerCase() === '100-continue') {
      trace.wait100Continue?.();
    }
  }

  /** All of it was handed to the operating system; or Node ends it, for the stream is closed. */
  finish(): void {
    this.start();
    if (this.stream?.closed && !this.hasNoBody) {
      return;
    }
    if (this.connected && !this.settled && !this.wroteRequest) {
      this.wroteRequest = true;
      this.trace?.wroteRequest?.({});
    }
  }

  /** The head of an informational response is there. */
  inform(headers: ResponseHeaders): void {
    const { trace, stream } = this;
    const status = Number(headers[':status']);
    if (this.settled || trace === undefined || !(status >= 100 && status < 200)) {
      return;
    }
    this.gotFirstByte();
    const { ':status': _status, ...header } = headers;
    const refusal = trace.got1xxResponse?.(status, header);
    if (refusal instanceof Error) {
      stream?.destroy(refusal);
    } else if (status === 100) {
      trace.got100Continue?.();
    }
  }

  /** The head of the final response is there. */
  respond(headers: ResponseHeaders, raw: readonly string[]): void {
    if (this.responded || this.settled) {
      return;
    }
    this.responded = true;
    this.gotFirstByte();
    const statusCode = Number(headers[':status']);
    this.trace?.gotResponse?.({ statusCode, headers, raw });
    if (this.untoldBytes > 0) {
      this.trace?.gotBodyChunk?.(this.untoldBytes);
    }
    if ((this.complete && this.stream?.closed) || this.isHandedOver(statusCode)) {
      this.end();
    }
  }

  /** A tunnel for another protocol, such as that of WebSockets, is open: what comes now is no HTTP any more. */
  private isHandedOver(statusCode: number): boolean {
    return this.headers.method === 'CONNECT' && statusCode >= 200 && statusCode < 300;
  }

  private gotFirstByte(): void {
    if (!this.firstByte) {
      this.firstByte = true;
      this.trace?.gotFirstResponseByte?.();
    }
  }

  /** A part of the response's body is there, perhaps before Node has told of the head that came with it. */
  gotBodyChunk(bytes: number): void {
    if (this.responded && !this.settled) {
      this.trace?.gotBodyChunk?.(bytes);
    } else {
      this.untoldBytes += bytes;
    }
  }

  /** A part of the request's body was handed to Node, perhaps before it has told that the stream is open. */
  wroteBodyChunk(bytes: number): void {
    if (this.stream?.pending === false) {
      this.start();
    }
    if (this.connected && !this.settled) {
      this.trace?.wroteBodyChunk?.(bytes);
    } else {
      this.unsentBytes += bytes;
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
      if (this.responded) {
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
    if (stream !== undefined && !this.settled) {
      const verdict = verdictOf(stream, this.closedBy, this.on.socket);
      this.givenUp = verdict === undefined;
      this.fail(verdict);
    }
  }

  private end(): void {
    if (this.settle()) {
      this.trace?.ended?.();
    }
  }

  fail(error: unknown): void {
    if (this.settle()) {
      if (this.connected && !this.wroteRequest && error instanceof Error) {
        this.trace?.wroteRequest?.({ err: error });
      }
      this.trace?.failed?.(error);
    }
  }

  private settle(): boolean {
    if (this.settled) {
      return false;
    }
    this.settled = true;
    this.leave();
    return true;
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
    if (this.settled && this.released === this.connected) {
      this.lifecycle?.requestEnded();
    }
  }
}
