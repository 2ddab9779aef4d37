import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

/** What the stream API of HTTP/2 has in the place of a request object. */
export class Http2StreamRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly httpVersion = '2.0';
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream;
    this.headers = headers;
    this.method = headers[':method'] ?? '';
    this.url = headers[':path'] ?? '';
  }

  get socket(): Socket | undefined {
    return this.#stream.session?.socket;
  }
}

/** What the stream API of HTTP/2 has in the place of a response object. */
export class Http2StreamResponse {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  /** 200 until the head is sent, as in Node's own responses. */
  get statusCode(): number {
    return this.headersSent ? Number(this.headers[':status']) : 200;
  }

  get headers(): OutgoingHttpHeaders {
    return this.#stream.sentHeaders ?? {};
  }
}
