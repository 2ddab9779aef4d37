import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import * as metrics from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

export const otel = {
  ...metrics,
  api,
  AsyncLocalStorageContextManager,
  InMemorySpanExporter,
  registerInstrumentations,
  W3CTraceContextPropagator,
  tracerProvider: (exporter) =>
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
};
