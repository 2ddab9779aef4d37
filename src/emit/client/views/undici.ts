import type { Attributes } from '@opentelemetry/api';
import { propagation } from '../../../api.js';
import type { UndiciExchange } from '../../../config/types.js';
import type { Origin } from '../../../origin.js';
import type { ClientRecord } from '../../../recorder/client.js';
import type { UndiciRequest, UndiciResponse } from '../../../source/channels.js';
import type { UndiciHttpRequest } from '../../../source/undici/exchange.js';
import { incomingHeaders } from '../../../source/undici/headers.js';
import { type HeaderCapture, type HeaderList, headerValues } from '../../http/headers.js';
import type { ClientRequestView, FailureHints } from './view.js';

/** A request of undici, or of the `fetch` built into Node. */
export class UndiciRequestView implements ClientRequestView {
  readonly origin: Origin;
  readonly method: string;
  readonly target: string;
  readonly fragment = '';
  readonly host: string | undefined;
  private readonly http: UndiciHttpRequest;

  constructor(http: UndiciHttpRequest) {
    const { request } = http;
    this.http = http;
    this.origin = http.origin;
    this.method = request.method;
    this.target = request.path;
    this.host = request.host ?? undefined;
  }

  get request(): UndiciRequest {
    return this.http.request;
  }

  get isMade(): boolean {
    return this.http.isMade;
  }

  get takesHeaders(): boolean {
    return this.http.isMade;
  }

  get options(): UndiciRequest {
    return this.request;
  }

  get userAgent(): string | undefined {
    return headerInList(this.request.headers, 'user-agent');
  }

  get contentLength(): number | undefined {
    const { body, contentLength } = this.request;
    if (body === null) {
      return 0;
    }
    return ArrayBuffer.isView(body) ? body.byteLength : (contentLength ?? undefined);
  }

  hasHeader(name: string): boolean {
    return headerInList(this.http.request.headers, name) !== undefined;
  }

  addHeader(name: string, value: string): void {
    const { request } = this.http;
    // undici 6.11.0 had no addHeader.
    if (request.addHeader === undefined) {
      request.headers.push(name, value);
    } else {
      request.addHeader(name, value);
      this.http.keeps = hasTraceHeader;
    }
  }

  addRequestHeaders(attributes: Attributes, capture: HeaderCapture): void {
    capture.addUndiciRequest(attributes, this.request);
  }

  addResponseHeaders(attributes: Attributes, capture: HeaderCapture, { headers }: UndiciResponse): void {
    capture.addUndiciResponse(attributes, headers);
  }

  responseContentLength({ headers }: UndiciResponse): number | undefined {
    const length = incomingHeaders(headers)['content-length'];
    return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
  }

  hookResponse(response: UndiciResponse): UndiciExchange {
    return { request: this.request, response };
  }

  metricResponse(response: UndiciResponse): UndiciResponse {
    return response;
  }

  /** `fetch` shows no signal. But once a request is written, only the transport can still fail. */
  failureHints({ wasSent, writeError }: ClientRecord): FailureHints {
    return {
      onlyTransportLeft: wasSent && writeError === undefined,
      failedToConnect: this.http.failedToConnect,
      signalReason: abortReason(this.request),
    };
  }
}

/**
 * The value of one header in a list of names and values in turn.
 *
 * @param name Lower case.
 * @returns The first one; `undefined` if there is none.
 * @internal Exported for its tests.
 */
export function headerInList(list: HeaderList, name: string): string | undefined {
  for (let i = 0; i + 1 < list.length; i += 2) {
    const other = list[i];
    if (typeof other === 'string' && other.length === name.length && other.toLowerCase() === name) {
      return headerValues(list[i + 1])[0];
    }
  }
  return undefined;
}

/** Why the caller aborted the request; `undefined` where undici does not show it. `undici.request` does. */
function abortReason(request: UndiciRequest): unknown {
  const handler = Object.getOwnPropertySymbols(request).find(({ description }) => description === 'handler');
  const value = handler === undefined ? undefined : request[handler];
  return typeof value === 'object' && value !== null && 'reason' in value ? value.reason : undefined;
}

/** Another instrumentation may add the same header after us, and a server that gets two trace headers trusts neither. */
function hasTraceHeader({ headers }: UndiciRequest, name: string): boolean {
  const lowerCase = name.toLowerCase();
  const isThere = headerInList(headers, lowerCase) !== undefined;
  return isThere && propagation.fields().some((field) => field.toLowerCase() === lowerCase);
}
