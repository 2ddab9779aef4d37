import type { IncomingMessage, RequestOptions } from 'node:http';
import type { Attributes } from '@opentelemetry/api';
import type { ClientHookRequest, ClientHookResponse } from '../../../config/resolved.js';
import type { Http2Response, UndiciExchange } from '../../../config/types.js';
import type { Origin } from '../../../origin.js';
import type { ClientRecord } from '../../../recorder/client.js';
import type { UndiciRequest } from '../../../source/channels.js';
import type { ResponseHead } from '../../../source/request-trace.js';
import type { Failure } from '../../http/error.js';
import type { HeaderCapture } from '../../http/headers.js';

/** An outgoing request, in one form for all clients. */
export interface ClientRequestView {
  /** The client's own object, which the hooks are given. */
  readonly request: ClientHookRequest;
  /** Whether the client has made its own request. Before that, `request` is what is known of it. */
  readonly isMade: boolean;
  /** Whether a header can be added now. */
  readonly takesHeaders: boolean;
  /** What the hooks before the span are given. */
  readonly options: UndiciRequest | RequestOptions;
  readonly method: string;
  /** Where the request is sent. */
  readonly origin: Origin;
  /** Request target as it is written: a path, or an absolute URL for a proxy. */
  readonly target: string;
  /** The fragment of the caller's URL, with its `#`. It is never sent. */
  readonly fragment: string;
  /** The `Host` header, if the caller chose one. */
  readonly host: string | undefined;
  readonly userAgent: string | undefined;
  /** Bytes of the request's body as announced; `undefined` if not announced. */
  readonly contentLength: number | undefined;
  hasHeader(name: string): boolean;
  addHeader(name: string, value: string): void;
  addRequestHeaders(attributes: Attributes, capture: HeaderCapture): void;
  addResponseHeaders(attributes: Attributes, capture: HeaderCapture, response: ResponseHead): void;
  /** Bytes of body that the response announces; `undefined` if it does not say. */
  responseContentLength(response: ResponseHead): number | undefined;
  /** What a `responseHook` is given. */
  hookResponse(response: ResponseHead): UndiciExchange | IncomingMessage | Http2Response;
  /** What a `metricAttributesHook` is given. */
  metricResponse(response: ResponseHead): ClientHookResponse;
  /** What only the client knows of a failure. */
  failureHints(record: ClientRecord): FailureHints;
}

export type FailureHints = Omit<Failure, 'error' | 'gotResponse'>;
