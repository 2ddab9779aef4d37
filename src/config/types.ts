import type {
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  RequestOptions,
  ServerResponse,
} from 'node:http';
import type { Attributes, Span } from '@opentelemetry/api';
import type { ClientTraceHook } from '../httptrace/client-trace.js';
import type { MetricName } from '../semconv/metrics.js';
import type { UndiciResponse } from '../source/channels.js';

/** A toggle of `client.hooks`, named after a hook of `ClientTrace`. */
export type ClientHookName = ClientTraceHook;

/** A toggle of `server.hooks`, named after a step of a response. */
export type ServerHookName =
  | 'writeHead'
  | 'write'
  | 'end'
  | 'flushHeaders'
  | 'informational'
  | 'closeNotify'
  | 'hijack'
  | 'push';

/** The form in which the phases of a client request are recorded. */
export type Phases = 'events' | 'spans' | 'linked-spans' | 'attributes';

/** Whose spans are written to: our own (`create`), or those of another instrumentation (`existing`). */
export type SpanSource = 'create' | 'existing';

/** A request of undici or `fetch`, as the hooks are given it. */
export interface UndiciRequest {
  readonly origin: string | URL;
  readonly method: string;
  readonly path: string;
  /** Flat list of names and values. */
  readonly headers: string | (string | string[])[];
  /** The `Host` header, if the caller set one. */
  readonly host?: string | null;
  readonly contentLength: number | null;
  readonly contentType?: string | null;
  readonly body: unknown;
  readonly idempotent?: boolean;
  readonly completed?: boolean;
  readonly aborted?: boolean;
  /** Adds a header, until the request is sent. */
  addHeader?(name: string, value: string): unknown;
}

/** A request of undici with its response. */
export interface UndiciExchange {
  readonly request: UndiciRequest;
  readonly response: UndiciResponse;
}

/** The response to a request of `node:http2`, as the hooks are given it. */
export interface Http2Response {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
}

export interface HeadersToSpanAttributes {
  /** Names of request headers to record, in any case. Default: none. */
  requestHeaders?: string[];
  /** Names of response headers to record, in any case. Default: none. */
  responseHeaders?: string[];
}

/** What both sides have in common. */
interface SideConfig {
  /** Whether this side is recorded. Default: `true`. */
  enabled?: boolean;
  /** `create` makes spans; `existing` only enriches the spans of another instrumentation. Default: `create`. */
  span?: SpanSource;
  /** Whether a request without a parent span is not recorded. Default: `false`. */
  requireParentforSpans?: boolean;
  /** Headers to record as span attributes. Default: none. */
  headersToSpanAttributes?: HeadersToSpanAttributes;
  /**
   * Names of the query parameters whose values are recorded as `REDACTED`. Replaces the default list; `[]` redacts none.
   * Default: the signatures and credentials of the semantic conventions.
   */
  redactedQueryParams?: string[];
  /**
   * Names, in any case, of the headers whose values are recorded as `REDACTED`. Replaces the default list; `[]` redacts
   * none. Default: credentials and cookies.
   */
  redactedHeaders?: string[];
}

/**
 * Outgoing requests. The hooks have the types of the hooks of `@opentelemetry/instrumentation-undici` and, for `node:http`,
 * of `@opentelemetry/instrumentation-http`. For `node:http2` they get the stream (`ClientHttp2Stream`) and an
 * `Http2Response`. Before there is a stream they get `RequestOptions`. An error that a hook throws goes to `diag.error`.
 */
export interface ClientConfig extends SideConfig {
  /** What is recorded, by hook. Default: all but `wroteHeaderField`. */
  hooks?: Partial<Record<ClientHookName, boolean>>;
  /**
   * What is recorded of the phases beside the attributes. `events`: span events. `spans`: a child span for each phase.
   * `linked-spans`: a trace for each connection, to which the requests on it are linked. `attributes`: nothing more.
   * Default: `events`.
   */
  phases?: Phases;
  /**
   * Whether gRPC calls over `node:http2` are recorded. Default: `false`, because the instrumentation of a gRPC client records
   * them.
   */
  grpc?: boolean;
  /** Globs on `host`, `host/path` or `/path`. Requests that match are not recorded. Default: none. */
  ignoreUrls?: string[];
  /** Globs on the hosts that get trace headers. Default: all hosts. */
  propagateTo?: string[];
  /** Globs on the hosts that get no trace headers. Wins over `propagateTo`. Default: none. */
  doNotPropagateTo?: string[];

  /** Called once for each request, before its span. The request is not recorded if the hook returns a truthy value. */
  ignoreRequestHook?(request: UndiciRequest | RequestOptions): boolean;

  /** Called once for each recorded request, before its span. The returned attributes are on the span from the start. */
  startSpanHook?(request: UndiciRequest | RequestOptions): Attributes;

  /**
   * Called once for each span, before the request is sent. The hook never gets an `IncomingMessage`. The type names it
   * because the hook of `@opentelemetry/instrumentation-http` is one for both sides.
   */
  requestHook?(span: Span, request: UndiciRequest | ClientRequest | IncomingMessage): void;

  /**
   * Called once for each span, when the head of the final response is there. Not called without a response. The hook never
   * gets a `ServerResponse`, see `requestHook`.
   */
  responseHook?(span: Span, response: UndiciExchange | IncomingMessage | ServerResponse): void;

  /**
   * Called once for each span, last of all before the span ends, also if the request failed. The hook gets the messages of a
   * client only, see `requestHook`.
   *
   * @param response `undefined` if there was none.
   */
  applyCustomAttributesOnSpan?(
    span: Span,
    request: UndiciRequest | ClientRequest | IncomingMessage,
    response: UndiciResponse | IncomingMessage | ServerResponse | undefined,
  ): void;
}

/**
 * Incoming requests. The hooks have the types of the hooks of `@opentelemetry/instrumentation-http`. For HTTP/2 they get
 * the compatibility request and response (`Http2ServerRequest`, `Http2ServerResponse`). In the stream API they get
 * `Http2StreamRequest` and `Http2StreamResponse`. An error that a hook throws goes to `diag.error`.
 */
export interface ServerConfig extends SideConfig {
  /** What is recorded, by step. Default: all. With `write` and `end` both off, bytes are not counted. */
  hooks?: Partial<Record<ServerHookName, boolean>>;
  /** Globs on the path. Requests that match are not recorded. Default: none. */
  ignorePaths?: string[];
  /** Globs on the host in the `Host` header. Requests that match are not recorded. Default: none. */
  ignoreHosts?: string[];
  /** Whether `Forwarded` and `X-Forwarded-*` name client, host and scheme. Default: `true`. */
  trustForwardedHeaders?: boolean;

  /** Called once for each request, before its span. The request is not recorded if the hook returns a truthy value. */
  ignoreRequestHook?(request: IncomingMessage): boolean;

  /** Called once for each recorded request, before its span. The returned attributes are on the span from the start. */
  startSpanHook?(request: IncomingMessage): Attributes;

  /** Called once for each span, before the program's own listener. */
  requestHook?(span: Span, request: IncomingMessage): void;

  /** Called once for each span, before the program's own listener, so that a header can still be set. */
  responseHook?(span: Span, response: ServerResponse): void;

  /**
   * Called once for each span, last of all before the span ends, also if the request failed.
   *
   * @param response `undefined` if the connection was handed over to another protocol.
   */
  applyCustomAttributesOnSpan?(
    span: Span,
    request: ClientRequest | IncomingMessage,
    response: IncomingMessage | ServerResponse | undefined,
  ): void;
}

/** All options. Each option that is no function has an environment variable. Code wins over it. */
export interface HttpTraceInstrumentationConfig {
  /** Whether an instance records from the start. Default: `true`. */
  enabled?: boolean;
  client?: ClientConfig;
  server?: ServerConfig;
  /**
   * Which metrics are recorded. Default: the two request durations. The duration of a side whose `span` is `existing` is off
   * by default, because the other instrumentation records it.
   */
  metrics?: Partial<Record<MetricName, boolean>>;
  /** The methods that are recorded as they are, case-sensitive. Others are `_OTHER`. Default: the standard methods. */
  knownMethods?: string[];
  /** Opt-in attributes of the semantic conventions to record, by name. Default: none. */
  optInAttributes?: string[];

  /**
   * Called once for each request whose duration is measured, when the request has ended. The returned strings, numbers and
   * booleans are added to the attributes of the duration metric. Each combination of values is a time series, so only the
   * first hundred values of each attribute are kept. All others become `other`.
   *
   * @param response `undefined` if there was none.
   */
  metricAttributesHook?(
    side: 'client' | 'server',
    request: UndiciRequest | ClientRequest | IncomingMessage,
    response: UndiciResponse | IncomingMessage | ServerResponse | undefined,
  ): Attributes;
}
