import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { HttpTraceInstrumentation } from 'opentelemetry-instrumentation-httptrace';
import { WaterfallSpanExporter } from 'opentelemetry-instrumentation-httptrace/waterfall';

/** Records every request of this process, and draws each finished trace on stdout. */
export function startTelemetry({ servers = true, phases = 'events', processors = [] } = {}) {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'bookshop' }),
    spanProcessors: [new SimpleSpanProcessor(new WaterfallSpanExporter()), ...processors],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  registerInstrumentations({
    instrumentations: [new HttpTraceInstrumentation({ client: { phases }, server: { enabled: servers } })],
  });
  return provider;
}
