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

/** The request that hooks are given. `RequestOptions` stand for a request that could not be made. */
export type ClientHookRequest = UndiciRequest | ClientRequest | ClientHttp2Stream | RequestOptions;
export type ClientHookResponse = UndiciResponse | IncomingMessage | Http2Response;

interface ResolvedSideConfig {
  readonly enabled: boolean;
  readonly span: SpanSource;
  readonly requireParentForSpans: boolean;
  /** Names in lower case, each once. */
  readonly requestHeaders: readonly string[];
  /** Names in lower case, each once. */
  readonly responseHeaders: readonly string[];
  readonly redactedQueryParams: readonly string[];
  /** Names in lower case. */
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
   * Whether a request is not recorded; `undefined` if all are.
   *
   * @param host `host:port` as in `getConn`, with IPv6 in brackets. A glob with a port matches no host without a port.
   * @param path With its query or without.
   */
  readonly ignoreUrl: ((host: string, path: string) => boolean) | undefined;
  /**
   * Whether a host gets trace headers; `undefined` if all do.
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
  /**
   * Whether a request is not recorded for its path; `undefined` if no path is ignored.
   *
   * @param path With its query or without.
   */
  readonly ignorePath: ((path: string) => boolean) | undefined;
  /**
   * Whether a request is not recorded for its host; `undefined` if no host is ignored.
   *
   * @param host As the client writes it, with a port or without.
   */
  readonly ignoreHost: ((host: string) => boolean) | undefined;
  readonly trustForwardedHeaders: boolean;
}

/** The config in force, complete and prepared for use at each request. */
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
