import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { ClientHttp2Stream } from 'node:http2';
import type { Attributes, Span } from '@opentelemetry/api';
import type { MetricName } from '../semconv/metrics.js';
import type { UndiciResponse } from '../source/channels.js';
import type { ServedRequest, ServedResponse } from '../source/server/trace.js';
import type {
  ClientHookName,
  Http2Response,
  Phases,
  ServerHookName,
  SpanSource,
  UndiciExchange,
  UndiciRequest,
} from './types.js';

/** The options stand for a request that could not be made. */
export type ClientHookRequest = UndiciRequest | ClientRequest | ClientHttp2Stream | RequestOptions;
export type ClientHookResponse = UndiciResponse | IncomingMessage | Http2Response;

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
  readonly requestHook: ((span: Span, request: ClientHookRequest) => void) | undefined;
  readonly responseHook:
    | ((span: Span, response: UndiciExchange | IncomingMessage | Http2Response) => void)
    | undefined;
  readonly applyCustomAttributesOnSpan:
    | ((span: Span, request: ClientHookRequest, response: ClientHookResponse | undefined) => void)
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
  readonly ignoreRequestHook: ((request: ServedRequest) => boolean) | undefined;
  readonly startSpanHook: ((request: ServedRequest) => Attributes) | undefined;
  readonly requestHook: ((span: Span, request: ServedRequest) => void) | undefined;
  readonly responseHook: ((span: Span, response: ServedResponse) => void) | undefined;
  readonly applyCustomAttributesOnSpan:
    | ((span: Span, request: ServedRequest, response: ServedResponse | undefined) => void)
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
        request: ClientHookRequest | ServedRequest,
        response: ClientHookResponse | ServedResponse | undefined,
      ) => Attributes)
    | undefined;
  readonly knownMethods: ReadonlySet<string>;
  readonly optInAttributes: ReadonlySet<string>;
}
