import type { RequestOptions } from 'node:http';
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Attributes } from '@opentelemetry/api';
import type { Http2Response } from '../../../config/types.js';
import type { Origin } from '../../../origin.js';
import { sentFields } from '../../../source/http2/headers.js';
import type { Http2Request } from '../../../source/http2/request.js';
import type { ResponseHead } from '../../../source/request-trace.js';
import type { HeaderCapture } from '../../http/headers.js';
import type { ClientRequestView, FailureHints } from './view.js';

/** A request of a client of `node:http2`. */
export class Http2RequestView implements ClientRequestView {
  readonly origin: Origin;
  readonly method: string;
  readonly target: string;
  readonly fragment = '';
  /** The server that the request asks for is its origin. */
  readonly host = undefined;
  private readonly exchange: Http2Request;

  constructor(exchange: Http2Request) {
    const { origin, headers } = exchange;
    this.exchange = exchange;
    this.origin = origin;
    this.method = headers.method;
    this.target = headers.path;
  }

  get request(): ClientHttp2Stream | RequestOptions {
    return this.exchange.stream ?? this.options;
  }

  get isMade(): boolean {
    return this.exchange.stream !== undefined;
  }

  /** The headers are final when the stream is there. */
  get takesHeaders(): boolean {
    return !this.isMade;
  }

  /** Shows the request in the form of `node:http`, because there is no stream yet. */
  get options(): RequestOptions {
    const { origin, exchange } = this;
    const { scheme, address, port } = origin;
    const { headers } = exchange;
    const { method, path } = headers;
    return { protocol: `${scheme}:`, host: address ?? null, port, method, path, headers: headers.asObject };
  }

  get userAgent(): string | undefined {
    return this.exchange.headers.get('user-agent');
  }

  /** Read only if no byte was counted, and each byte that is written is counted. */
  get contentLength(): number {
    return 0;
  }

  hasHeader(name: string): boolean {
    return this.exchange.headers.has(name);
  }

  addHeader(name: string, value: string): void {
    this.exchange.headers.add(name, value);
  }

  addRequestHeaders(attributes: Attributes, capture: HeaderCapture): void {
    const { stream } = this.exchange;
    if (stream !== undefined) {
      for (const [name, values] of sentFields(stream)) {
        addField(attributes, capture, name, values);
      }
    }
  }

  addResponseHeaders(attributes: Attributes, capture: HeaderCapture, response: ResponseHead): void {
    const { raw = [] } = response;
    for (let i = 0; i + 1 < raw.length; i += 2) {
      addField(attributes, capture, raw[i] ?? '', raw[i + 1]);
    }
  }

  /** Read only if no byte was counted, and each byte that is received is counted. */
  responseContentLength(): number {
    return 0;
  }

  hookResponse(response: ResponseHead): Http2Response {
    return { statusCode: response.statusCode, headers: headersOf(response) };
  }

  metricResponse(response: ResponseHead): Http2Response {
    return this.hookResponse(response);
  }

  failureHints(): FailureHints {
    const { givenUp, timedOut } = this.exchange;
    return { destroyedByCaller: givenUp, timedOut: givenUp && timedOut };
  }
}

/** Leaves out the pseudo-headers of HTTP/2. */
function addField(attributes: Attributes, capture: HeaderCapture, name: string, value: unknown): void {
  if (!name.startsWith(':')) {
    capture.addField(attributes, name, value);
  }
}

function headersOf({ headers }: ResponseHead): IncomingHttpHeaders {
  return headers as IncomingHttpHeaders;
}
