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
} from './config.js';
export { HttpTraceInstrumentation } from './instrumentation.js';
