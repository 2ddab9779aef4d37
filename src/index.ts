export type {
  ClientConfig,
  ClientHookName,
  HeadersToSpanAttributes,
  HttpTraceInstrumentationConfig,
  MetricName,
  Phases,
  ServerConfig,
  ServerHookName,
  SpanSource,
  UndiciExchange,
  UndiciRequest,
  UndiciResponse,
} from './config/types.js';
export { HttpTraceInstrumentation } from './instrumentation.js';
export type { ChannelStatus } from './status/channels.js';
export type { HttpTraceStatus, OpenTelemetryStatus, SourceStatus } from './status/report.js';
export type { RequestCounts, SourceName } from './status/request-counter.js';
