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

/** A hook of `ClientTrace`, by which a toggle of `client.hooks` is called. */
export type ClientHookName = ClientTraceHook;

/** A step of a response, by which a toggle of `server.hooks` is called. */
export type ServerHookName =
  | 'writeHead'
  | 'write'
  | 'end'
  | 'flushHeaders'
  | 'informational'
  | 'closeNotify'
  | 'hijack'
  | 'push';

/** In which form the phases of a client request are recorded. */
export type Phases = 'events' | 'spans' | 'linked-spans' | 'attributes';

/** Whose spans are written to: our own, or those of another instrumentation. */
export type SpanSource = 'create' | 'existing';

/** What the hooks are given of a request of undici or `fetch`. */
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
  /** Adds a header, as long as the request is not sent. */
  addHeader?(name: string, value: string): unknown;
}

/** A request of undici with its response. */
export interface UndiciExchange {
  readonly request: UndiciRequest;
  readonly response: UndiciResponse;
}

/** What the hooks are given of the response to a request of `node:http2`. */
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
  /** `create` spans (default), or only enrich the `existing` ones of another instrumentation. */
  span?: SpanSource;
  /** Record no request that has no parent span. Default: `false`. */
  requireParentforSpans?: boolean;
  /** Headers to record as span attributes. Default: none. */
  headersToSpanAttributes?: HeadersToSpanAttributes;
  /**
   * Names of the query parameters whose values are recorded as `REDACTED`; replaces the default list,
   * `[]` switches it off. Default: the signatures and credentials of the semantic conventions.
   */
  redactedQueryParams?: string[];
  /**
   * Names of the headers whose values are recorded as `REDACTED`, in any case; replaces the default list,
   * `[]` switches it off. Default: credentials and cookies.
   */
  redactedHeaders?: string[];
}

/**
 * Outgoing requests. The hooks take the callbacks of `@opentelemetry/instrumentation-undici` and, for
 * `node:http`, of `@opentelemetry/instrumentation-http`; one that throws goes to `diag.error`. For `node:http2` they get
 * the stream (`ClientHttp2Stream`) and an `Http2Response`, or, before there is a stream, `RequestOptions`.
 */
export interface ClientConfig extends SideConfig {
  /** What is recorded, by hook. Default: all but `wroteHeaderField`. */
  hooks?: Partial<Record<ClientHookName, boolean>>;
  /**
   * Beside the attributes: `events` (default); child `spans`, one for each phase; `linked-spans`, a trace for each
   * connection, linked to the requests that it serves; or `attributes` alone.
   */
  phases?: Phases;
  /**
   * Record gRPC calls over `node:http2` too. Default: `false`, for the instrumentation of a gRPC client records them.
   */
  grpc?: boolean;
  /** Globs on `host`, `host/path` or `/path`: requests that are not recorded. Default: none. */
  ignoreUrls?: string[];
  /** Globs on the host: who gets trace headers. Default: everybody. */
  propagateTo?: string[];
  /** Globs on the host: who gets no trace headers; wins over `propagateTo`. Default: nobody. */
  doNotPropagateTo?: string[];

  /** Called once for each request, before its span. The request is not recorded if what it returns is truthy. */
  ignoreRequestHook?(request: UndiciRequest | RequestOptions): boolean;

  /** Called once for each recorded request, before its span; what it returns is set on the span from the start. */
  startSpanHook?(request: UndiciRequest | RequestOptions): Attributes;

  /**
   * Called once for each span, before the request is sent. An `IncomingMessage` never comes here; the type
   * names it because the hook of `@opentelemetry/instrumentation-http` is one for both sides.
   */
  requestHook?(span: Span, request: UndiciRequest | ClientRequest | IncomingMessage): void;

  /**
   * Called once for each span, when the head of the final response is there; never without a response.
   * A `ServerResponse` never comes here, see `requestHook`.
   */
  responseHook?(span: Span, response: UndiciExchange | IncomingMessage | ServerResponse): void;

  /**
   * Called once for each span, last of all before it ends, whatever became of the request. Of both sides' messages
   * come those of a client, see `requestHook`.
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
 * Incoming requests. The hooks take the callbacks of `@opentelemetry/instrumentation-http`; one that throws
 * goes to `diag.error`. For HTTP/2 they get the compatibility request and response (`Http2ServerRequest`,
 * `Http2ServerResponse`), or, in the stream API, `Http2StreamRequest` and `Http2StreamResponse`.
 */
export interface ServerConfig extends SideConfig {
  /** What is recorded, by hook. Default: all. With `write` and `end` both off, bytes are not counted. */
  hooks?: Partial<Record<ServerHookName, boolean>>;
  /** Globs on the path: requests that are not recorded. Default: none. */
  ignorePaths?: string[];
  /** Globs on the host that the client asks for, by its `Host` header: not recorded. Default: none. */
  ignoreHosts?: string[];
  /** Whether `Forwarded` and `X-Forwarded-*` name client, host and scheme. Default: `true`. */
  trustForwardedHeaders?: boolean;

  /** Called once for each request, before its span. The request is not recorded if what it returns is truthy. */
  ignoreRequestHook?(request: IncomingMessage): boolean;

  /** Called once for each recorded request, before its span; what it returns is set on the span from the start. */
  startSpanHook?(request: IncomingMessage): Attributes;

  /** Called once for each span, before the program's own listener. */
  requestHook?(span: Span, request: IncomingMessage): void;

  /** Called once for each span, before the program's own listener: a header can still be set. */
  responseHook?(span: Span, response: ServerResponse): void;

  /**
   * Called once for each span, last of all before it ends, whatever became of the request.
   *
   * @param response `undefined` if the connection was handed over.
   */
  applyCustomAttributesOnSpan?(
    span: Span,
    request: ClientRequest | IncomingMessage,
    response: IncomingMessage | ServerResponse | undefined,
  ): void;
}

/** All options; each that is no function has an environment variable, which code overrides. */
export interface HttpTraceInstrumentationConfig {
  /** Whether an instance records from the start. Default: `true`. */
  enabled?: boolean;
  client?: ClientConfig;
  server?: ServerConfig;
  /**
   * Which metrics are recorded. Default: the two request durations, but not that of a side whose
   * `span` is `existing`, since the other instrumentation records it.
   */
  metrics?: Partial<Record<MetricName, boolean>>;
  /** The methods that are recorded as they are, case-sensitive; others are `_OTHER`. Default: the standard ones. */
  knownMethods?: string[];
  /** Opt-in attributes of the semantic conventions to record, by name. Default: none. */
  optInAttributes?: string[];

  /**
   * Called once for each request whose duration is measured, when it has ended; what it returns is added
   * to the attributes of the duration metric, if it is a string, a number or a boolean. Each combination of values
   * is a time series: of each attribute the first hundred values are kept, all others are counted as `other`.
   *
   * @param response `undefined` if there was none.
   */
  metricAttributesHook?(
    side: 'client' | 'server',
    request: UndiciRequest | ClientRequest | IncomingMessage,
    response: UndiciResponse | IncomingMessage | ServerResponse | undefined,
  ): Attributes;
}
