import {
  context,
  createContextKey,
  createNoopMeter,
  type Meter,
  metrics,
  ProxyTracer,
  type ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';

const PROBE = createContextKey('opentelemetry-instrumentation-httptrace probe');

/** Whether a TracerProvider is registered, so that spans become something. */
export function hasTracerProvider(): boolean {
  const provider = trace.getTracerProvider();
  return !isProxy(provider) || provider.getDelegateTracer('httptrace') !== undefined;
}

/** Not `instanceof`: another copy of the API may have registered its own. */
function isProxy(provider: TracerProvider): provider is ProxyTracerProvider {
  return 'getDelegateTracer' in provider;
}

/** Whether a tracer makes spans: it was given by a provider, or stands for the one that is registered. */
export function isLive(tracer: Tracer): boolean {
  return !(tracer instanceof ProxyTracer) || hasTracerProvider();
}

/** Whether a MeterProvider is registered. */
export function hasMeterProvider(): boolean {
  return isMeasuring(metrics.getMeter('httptrace'));
}

export function isMeasuring(meter: Meter): boolean {
  return meter !== createNoopMeter();
}

/** Whether a propagator is registered, so that requests carry trace headers. */
export function hasPropagator(): boolean {
  return propagation.fields().length > 0;
}

/** Whether a context manager is registered, so that a context reaches what runs in it. */
export function hasContextManager(): boolean {
  return context.with(ROOT_CONTEXT.setValue(PROBE, true), () => context.active().getValue(PROBE) === true);
}
