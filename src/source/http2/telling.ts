import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import type { GotConnInfo } from '../../httptrace/client-trace.js';
import type { Connection } from '../connection/connection.js';
import type { RequestTrace } from '../request-trace.js';
import { sentFields } from './headers.js';

export type ResponseHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

/**
 * Tells the facts of one request, each once and in Go's order. Node tells some of them in another order.
 */
export class Telling {
  /** `undefined` for a request that is not traced. */
  trace: RequestTrace | undefined = undefined;
  /** Whether the head of the final response was told. */
  isAnswered = false;
  isOver = false;
  /** Whether it was told that all of the request was handed to the operating system. */
  wroteRequest = false;
  private connected = false;
  private firstByte = false;
  /** The part of the request's body that was written before the stream was open. */
  private unsentBytes = 0;
  /** The part of the response's body that arrived before the head was told. */
  private untoldBytes = 0;

  /**
   * The stream is open, and the headers are on their way.
   *
   * @param waits Whether the body is held back until the server wants it.
   */
  sent(info: GotConnInfo, connection: Connection, stream: ClientHttp2Stream, waits: boolean): void {
    const { trace } = this;
    this.connected = true;
    trace?.gotConn?.(info, connection.ends);
    if (trace?.wroteHeaderField !== undefined) {
      for (const [name, values] of sentFields(stream)) {
        trace.wroteHeaderField(name, values);
      }
    }
    trace?.wroteHeaders?.();
    if (waits) {
      trace?.wait100Continue?.();
    }
    if (this.unsentBytes > 0) {
      trace?.wroteBodyChunk?.(this.unsentBytes);
    }
  }

  wroteBodyChunk(bytes: number): void {
    if (this.connected && !this.isOver) {
      this.trace?.wroteBodyChunk?.(bytes);
    } else {
      this.unsentBytes += bytes;
    }
  }

  /** All of the request was handed to the operating system. */
  finished(): void {
    if (this.connected && !this.isOver && !this.wroteRequest) {
      this.wroteRequest = true;
      this.trace?.wroteRequest?.({});
    }
  }

  /** @returns The error with which a hook refuses the request. */
  informed(headers: ResponseHeaders): Error | undefined {
    const { trace } = this;
    const { ':status': status = 0, ...header } = headers;
    if (this.isOver || status < 100 || status > 199) {
      return undefined;
    }
    this.gotFirstByte();
    const refusal = trace?.got1xxResponse?.(status, header);
    if (refusal instanceof Error) {
      return refusal;
    }
    if (status === 100) {
      trace?.got100Continue?.();
    }
    return undefined;
  }

  responded(statusCode: number, headers: ResponseHeaders, raw: readonly string[]): void {
    this.isAnswered = true;
    this.gotFirstByte();
    this.trace?.gotResponse?.({ statusCode, headers, raw });
    if (this.untoldBytes > 0) {
      this.trace?.gotBodyChunk?.(this.untoldBytes);
    }
  }

  private gotFirstByte(): void {
    if (!this.firstByte) {
      this.firstByte = true;
      this.trace?.gotFirstResponseByte?.();
    }
  }

  gotBodyChunk(bytes: number): void {
    if (this.isAnswered && !this.isOver) {
      this.trace?.gotBodyChunk?.(bytes);
    } else {
      this.untoldBytes += bytes;
    }
  }

  ended(): void {
    this.isOver = true;
    this.trace?.ended?.();
  }

  failed(error: unknown): void {
    if (this.connected && !this.wroteRequest && error instanceof Error) {
      this.trace?.wroteRequest?.({ err: error });
    }
    this.isOver = true;
    this.trace?.failed?.(error);
  }
}
