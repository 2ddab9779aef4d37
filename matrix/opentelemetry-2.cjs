const api = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { W3CTraceContextPropagator } = require('@opentelemetry/core');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const metrics = require('@opentelemetry/sdk-metrics');
const {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} = require('@opentelemetry/sdk-trace-base');

exports.otel = {
  ...metrics,
  api,
  AsyncLocalStorageContextManager,
  InMemorySpanExporter,
  registerInstrumentations,
  W3CTraceContextPropagator,
  tracerProvider: (exporter) =>
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
};
