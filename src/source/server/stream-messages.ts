import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

/** What the stream API of HTTP/2 has in the place of a request object. */
export class Http2StreamRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly httpVersion = '2.0';
  private readonly http2Stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.http2Stream = stream;
    this.headers = headers;
    this.method = headers[':method'] ?? '';
    this.url = headers[':path'] ?? '';
  }

  get socket(): Socket | undefined {
    return this.http2Stream.session?.socket;
  }
}

/** What the stream API of HTTP/2 has in the place of a response object. */
export class Http2StreamResponse {
  private readonly http2Stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.http2Stream = stream;
  }

  get headersSent(): boolean {
    return this.http2Stream.headersSent;
  }

  /** 200 until the head is sent, as in Node's own responses. */
  get statusCode(): number {
    return this.headersSent ? Number(this.headers[':status']) : 200;
  }

  get headers(): OutgoingHttpHeaders {
    return this.http2Stream.sentHeaders ?? {};
  }
}
