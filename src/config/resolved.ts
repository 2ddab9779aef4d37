import type {
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  RequestOptions,
  ServerResponse,
} from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Attributes, Span } from '@opentelemetry/api';
import type {
  ClientHookName,
  MetricName,
  Phases,
  ServerHookName,
  SpanSource,
  UndiciExchange,
  UndiciRequest,
  UndiciResponse,
} from './types.js';

/** What the server hooks are given of a request of the HTTP/2 stream API, which has no request object. */
export interface Http2StreamRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** What the server hooks are given of a response of the HTTP/2 stream API, which has no response object. */
export interface Http2StreamResponse {
  readonly statusCode: number;
  readonly headers: OutgoingHttpHeaders;
}

export type ServerHookRequest = IncomingMessage | Http2ServerRequest | Http2StreamRequest;
export type ServerHookResponse = ServerResponse | Http2ServerResponse | Http2StreamResponse;

interface ResolvedSideConfig {
  readonly enabled: boolean;
  readonly span: SpanSource;
  readonly requireParentForSpans: boolean;
  /** Lower case, each once. */
  readonly requestHeaders: readonly string[];
  /** Lower case, each once. */
  readonly responseHeaders: readonly string[];
  readonly redactedQueryParams: readonly string[];
  /** Lower case. */
  readonly redactedHeaders: ReadonlySet<string>;
}

export interface ResolvedClientConfig extends ResolvedSideConfig {
  readonly hooks: Readonly<Record<ClientHookName, boolean>>;
  readonly phases: Phases;
  readonly grpc: boolean;
  readonly ignoreRequestHook: ((request: UndiciRequest | RequestOptions) => boolean) | undefined;
  readonly startSpanHook: ((request: UndiciRequest | RequestOptions) => Attributes) | undefined;
  readonly requestHook: ((span: Span, request: UndiciRequest | ClientRequest) => void) | undefined;
  readonly responseHook: ((span: Span, response: UndiciExchange | IncomingMessage) => void) | undefined;
  readonly applyCustomAttributesOnSpan:
    | ((
        span: Span,
        request: UndiciRequest | ClientRequest,
        response: UndiciResponse | IncomingMessage | undefined,
      ) => void)
    | undefined;
  /**
   * @param host `host:port`, IPv6 in brackets, as `getConn` has it; without a port, globs with a port do not match.
   * @param path With its query or without.
   */
  readonly ignoreUrl: ((host: string, path: string) => boolean) | undefined;
  /**
   * Whether the host gets trace headers.
   *
   * @param host As for `ignoreUrl`.
   */
  readonly propagate: ((host: string) => boolean) | undefined;
}

export interface ResolvedServerConfig extends ResolvedSideConfig {
  readonly hooks: Readonly<Record<ServerHookName, boolean>>;
  readonly ignoreRequestHook: ((request: ServerHookRequest) => boolean) | undefined;
  readonly startSpanHook: ((request: ServerHookRequest) => Attributes) | undefined;
  readonly requestHook: ((span: Span, request: ServerHookRequest) => void) | undefined;
  readonly responseHook: ((span: Span, response: ServerHookResponse) => void) | undefined;
  readonly applyCustomAttributesOnSpan:
    | ((span: Span, request: ServerHookRequest, response: ServerHookResponse | undefined) => void)
    | undefined;
  /** @param path With its query or without. */
  readonly ignorePath: ((path: string) => boolean) | undefined;
  /** @param host As the client writes it: with a port or without. */
  readonly ignoreHost: ((host: string) => boolean) | undefined;
  readonly trustForwardedHeaders: boolean;
}

/** What is in force: code over environment over defaults, complete and ready for the path of each request. */
export interface ResolvedConfig {
  readonly enabled: boolean;
  readonly client: ResolvedClientConfig;
  readonly server: ResolvedServerConfig;
  readonly metrics: Readonly<Record<MetricName, boolean>>;
  readonly metricAttributesHook:
    | ((
        side: 'client' | 'server',
        request: UndiciRequest | ClientRequest | ServerHookRequest,
        response: UndiciResponse | IncomingMessage | ServerHookResponse | undefined,
      ) => Attributes)
    | undefined;
  readonly knownMethods: ReadonlySet<string>;
  readonly optInAttributes: ReadonlySet<string>;
}
