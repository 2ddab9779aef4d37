import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import * as metrics from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

export const otel = {
  ...metrics,
  api,
  AsyncLocalStorageContextManager,
  InMemorySpanExporter,
  registerInstrumentations,
  W3CTraceContextPropagator,
  tracerProvider: (exporter) =>
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
};
