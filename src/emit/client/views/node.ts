import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Attributes } from '@opentelemetry/api';
import type { Origin } from '../../../origin.js';
import { headerFields } from '../../../source/header-fields.js';
import { addToHead, type NodeHttpRequest } from '../../../source/node/request.js';
import type { ResponseHead } from '../../../source/request-trace.js';
import type { HeaderCapture } from '../../http/headers.js';
import type { ClientRequestView, FailureHints } from './view.js';

/** A request of `node:http` or `node:https`. */
export class NodeRequestView implements ClientRequestView {
  readonly isMade = true;
  readonly takesHeaders = true;
  readonly origin: Origin;
  readonly method: string;
  readonly target: string;
  readonly fragment: string;
  readonly host: string | undefined;
  private readonly exchange: NodeHttpRequest;

  constructor(exchange: NodeHttpRequest) {
    const { request, origin, options } = exchange;
    const host = request.getHeader('host');
    this.exchange = exchange;
    this.origin = origin;
    this.method = request.method;
    this.target = request.path;
    this.fragment =
      options !== undefined && 'hash' in options && typeof options.hash === 'string' ? options.hash : '';
    this.host = typeof host === 'string' && !isOwnHost(host, origin) ? host : undefined;
  }

  get request(): ClientRequest {
    return this.exchange.request;
  }

  /** Made from the request itself where Node does not show the caller's options. */
  get options(): RequestOptions {
    const { options, request, host, port } = this.exchange;
    const { protocol, path, method } = request;
    return options ?? { protocol, host, port, path, method, headers: request.getHeaders() };
  }

  get userAgent(): string | undefined {
    const userAgent = this.exchange.request.getHeader('user-agent');
    return typeof userAgent === 'string' ? userAgent : this.finalHeaders?.get('user-agent')?.[0];
  }

  /** Read only if no byte was counted, and each byte that is written is counted. */
  get contentLength(): number {
    return 0;
  }

  hasHeader(name: string): boolean {
    return this.finalHeaders?.has(name.toLowerCase()) ?? this.exchange.request.hasHeader(name);
  }

  addHeader(name: string, value: string): void {
    const { request } = this.exchange;
    if (request.headersSent) {
      addToHead(request, name, value);
    } else {
      request.setHeader(name, value);
    }
  }

  addRequestHeaders(attributes: Attributes, capture: HeaderCapture): void {
    const { finalHeaders } = this;
    if (finalHeaders === undefined) {
      capture.addSet(attributes, this.exchange.request);
      return;
    }
    for (const [name, values] of finalHeaders) {
      capture.addField(attributes, name, values);
    }
  }

  addResponseHeaders(attributes: Attributes, capture: HeaderCapture, response: ResponseHead): void {
    capture.addReceived(attributes, messageOf(response).headersDistinct);
  }

  responseContentLength(response: ResponseHead): number | undefined {
    const message = messageOf(response);
    const length = message.headers['content-length'];
    if (length !== undefined) {
      return Number(length);
    }
    // Each part of a body is counted, unless nobody reads the body and Node drops it.
    return message.readableEnded && Reflect.get(message, '_dumped') !== true ? 0 : undefined;
  }

  hookResponse(response: ResponseHead): IncomingMessage {
    return messageOf(response);
  }

  metricResponse(response: ResponseHead): IncomingMessage {
    return messageOf(response);
  }

  failureHints(): FailureHints {
    const { timedOut, destroyedByCaller } = this.exchange;
    return { timedOut, destroyedByCaller };
  }

  /** The headers of a request that was given them as an array, which Node keeps as text only; `undefined` for others. */
  private get finalHeaders(): Map<string, string[]> | undefined {
    const { request } = this.exchange;
    return request._header !== null && request.getHeaderNames().length === 0
      ? headerFields(request._header)
      : undefined;
  }
}

/** Whether this `Host` is the one that Node sets by itself. */
function isOwnHost(host: string, { scheme, redacted }: Origin): boolean {
  return redacted.length === scheme.length + '://'.length + host.length && redacted.endsWith(host);
}

/** The response of `node:http`, which its source gives as the headers. */
function messageOf({ headers }: ResponseHead): IncomingMessage {
  return headers as IncomingMessage;
}
