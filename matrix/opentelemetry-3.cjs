const api = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { W3CTraceContextPropagator } = require('@opentelemetry/core');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const metrics = require('@opentelemetry/sdk-metrics');
const { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } = require('@opentelemetry/sdk-trace');

exports.otel = {
  ...metrics,
  api,
  AsyncLocalStorageContextManager,
  InMemorySpanExporter,
  registerInstrumentations,
  W3CTraceContextPropagator,
  tracerProvider: (exporter) =>
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
};
