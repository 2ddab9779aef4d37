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

/** Whether a TracerProvider is registered. */
export function hasTracerProvider(): boolean {
  const provider = trace.getTracerProvider();
  return !isProxy(provider) || provider.getDelegateTracer('httptrace') !== undefined;
}

/** Not by `instanceof`, because another copy of the API may have registered its own class. */
function isProxy(provider: TracerProvider): provider is ProxyTracerProvider {
  return 'getDelegateTracer' in provider;
}

/** Whether a tracer makes spans. It does if it is a provider's own, or if a provider is registered. */
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

/** Whether a context manager is registered. */
export function hasContextManager(): boolean {
  return context.with(ROOT_CONTEXT.setValue(PROBE, true), () => context.active().getValue(PROBE) === true);
}
