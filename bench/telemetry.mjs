import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

/** Counts what ends, so that a benchmark can tell that its path really ran, and keeps nothing. */
class CountingProcessor {
  started = 0;
  ended = 0;
  events = 0;
  onStart() {
    this.started++;
  }
  onEnd(span) {
    this.ended++;
    this.events += span.events.length;
  }
  forceFlush() {
    return Promise.resolve();
  }
  shutdown() {
    return Promise.resolve();
  }
}

class PulledReader extends MetricReader {
  onForceFlush() {
    return Promise.resolve();
  }
  onShutdown() {
    return Promise.resolve();
  }
  selectAggregationTemporality() {
    return AggregationTemporality.CUMULATIVE;
  }
}

/** The SDK as a service has it, without the export: two tracers, one that samples and one that does not. */
export function startTelemetry() {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const processor = new CountingProcessor();
  const sampled = new BasicTracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors: [processor] });
  const unsampled = new BasicTracerProvider({ sampler: new AlwaysOffSampler() });
  const reader = new PulledReader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  trace.setGlobalTracerProvider(sampled);
  metrics.setGlobalMeterProvider(meterProvider);
  /** The attributes of what was measured last. */
  const measured = async () => {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.at(-1)?.metrics.at(-1)?.dataPoints.at(-1)?.attributes ?? {};
  };
  return { processor, sampled, unsampled, meterProvider, measured };
}
