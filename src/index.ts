export type {
  ClientConfig,
  ClientHookName,
  HeadersToSpanAttributes,
  Http2Response,
  HttpTraceInstrumentationConfig,
  Phases,
  ServerConfig,
  ServerHookName,
  SpanSource,
  UndiciExchange,
  UndiciRequest,
} from './config/types.js';
export { HttpTraceInstrumentation } from './instrumentation.js';
export type { MetricName } from './semconv/metrics.js';
export type { UndiciResponse } from './source/channels.js';
export type { ChannelStatus } from './status/channels.js';
export type { HttpTraceStatus, OpenTelemetryStatus, SourceStatus } from './status/report.js';
export type { RequestCounts, SourceName } from './status/request-counter.js';
