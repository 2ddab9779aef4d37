import { context, type HrTime, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  DataPointType,
  MeterProvider,
  type MetricData,
  MetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  type ReadableSpan,
  type Sampler,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { HttpTraceInstrumentation, type HttpTraceInstrumentationConfig } from '../../../src/index.js';
import { spanFaults } from './legal-span.js';

/** A span as it reaches an exporter, without what no test can know: times and identifiers. */
export interface ShownSpan {
  readonly name: string;
  readonly kind: string;
  readonly status: { readonly code: string; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly (readonly [name: string, attributes: Readonly<Record<string, unknown>>])[];
}

/** One data point of the request duration. */
export interface Measured {
  readonly count: number;
  /** In seconds. */
  readonly sum: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * The SDK of a service for the tests of one file, with contexts and W3C headers. After each test whatever was
 * recorded must be possible: each span ended, in order, and made of values.
 */
export function useTelemetry(): Telemetry {
  const telemetry = new Telemetry();
  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(
      new CompositePropagator({
        propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
      }),
    );
  });
  beforeEach(() => telemetry.begin());
  afterEach(() => telemetry.finish());
  afterAll(() => {
    context.disable();
    propagation.disable();
  });
  return telemetry;
}

export class PulledReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }

  override selectAggregationTemporality(): AggregationTemporality {
    return AggregationTemporality.CUMULATIVE;
  }
}

/** Keeps what ends, and knows what has not. */
class KeepingProcessor implements SpanProcessor {
  readonly open = new Set<string>();
  readonly ended: ReadableSpan[] = [];

  onStart(span: ReadableSpan): void {
    this.open.add(span.spanContext().spanId);
  }

  onEnd(span: ReadableSpan): void {
    this.open.delete(span.spanContext().spanId);
    this.ended.push(span);
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

export class Telemetry {
  private processor = new KeepingProcessor();
  private reader = new PulledReader();
  private readonly instrumentations: { disable(): void }[] = [];
  tracerProvider = this.providerOf();
  meterProvider = new MeterProvider({ readers: [this.reader] });

  begin(): void {
    this.disableAll();
    this.processor = new KeepingProcessor();
    this.reader = new PulledReader();
    this.tracerProvider = this.providerOf();
    this.meterProvider = new MeterProvider({ readers: [this.reader] });
  }

  async finish(): Promise<void> {
    try {
      await this.settled();
    } finally {
      this.disableAll();
    }
    const ours = this.processor.ended.filter(({ instrumentationScope: { name } }) => isOurs(name));
    expect(ours.flatMap(spanFaults)).toEqual([]);
  }

  private disableAll(): void {
    for (const instrumentation of this.instrumentations.splice(0)) {
      instrumentation.disable();
    }
  }

  /** A provider whose spans are kept here too. */
  providerOf(sampler?: Sampler): BasicTracerProvider {
    return new BasicTracerProvider({
      spanProcessors: [this.processor],
      ...(sampler === undefined ? {} : { sampler }),
    });
  }

  /** Records what clients do until the test is over; the servers of the tests stay out of it. */
  instrument(config: HttpTraceInstrumentationConfig = {}): HttpTraceInstrumentation {
    return this.attach(new HttpTraceInstrumentation({ server: { enabled: false }, ...config }));
  }

  /** Gives an instrumentation the providers of this test, and takes care of its end. */
  attach<T extends Attachable>(instrumentation: T): T {
    instrumentation.setTracerProvider(this.tracerProvider);
    instrumentation.setMeterProvider(this.meterProvider);
    this.instrumentations.push(instrumentation);
    return instrumentation;
  }

  /** Runs something in a span of the program, which is not among `spans`. */
  async within<T>(run: () => T | Promise<T>): Promise<{ result: T; parent: ReadableSpan }> {
    const parent = this.tracerProvider.getTracer('program').startSpan('program');
    try {
      return {
        result: await context.with(trace.setSpan(context.active(), parent), run),
        parent: parent as typeof parent & ReadableSpan,
      };
    } finally {
      parent.end();
    }
  }

  get endedCount(): number {
    return this.processor.ended.length;
  }

  /** Waits until each span that was started has ended. */
  async settled(): Promise<void> {
    await vi.waitFor(() => expect([...this.processor.open]).toEqual([]), { timeout: 5_000, interval: 2 });
  }

  /** The spans of requests, in the order in which they ended; waits for those under way. */
  async finished(): Promise<ReadableSpan[]> {
    await this.settled();
    return this.processor.ended.filter(({ kind }) => kind === SpanKind.CLIENT);
  }

  /** Every span that has ended, whichever it is; waits for those under way. */
  async all(): Promise<ReadableSpan[]> {
    await this.settled();
    return [...this.processor.ended];
  }

  async shown(): Promise<ShownSpan[]> {
    return (await this.finished()).map(shown);
  }

  /** The only span of a request. */
  async only(): Promise<ReadableSpan> {
    const [span, ...more] = await this.finished();
    if (span === undefined || more.length > 0) {
      throw new Error(`${more.length + (span === undefined ? 0 : 1)} spans instead of one`);
    }
    return span;
  }

  async onlyShown(): Promise<ShownSpan> {
    return shown(await this.only());
  }

  /** The data points of our `http.client.request.duration`. */
  async durations(): Promise<Measured[]> {
    await this.settled();
    const metric = (await this.metrics()).find(
      ({ descriptor }) => descriptor.name === 'http.client.request.duration',
    );
    return metric?.dataPointType === DataPointType.HISTOGRAM
      ? metric.dataPoints.map(({ attributes, value }) => ({
          attributes,
          count: value.count,
          sum: value.sum ?? Number.NaN,
        }))
      : [];
  }

  /** All that we have measured. */
  async metrics(): Promise<MetricData[]> {
    return (await this.allMetrics()).filter(({ scope }) => isOurs(scope)).map(({ metric }) => metric);
  }

  /** Those of other instrumentations too. */
  async allMetrics(): Promise<{ scope: string; metric: MetricData }[]> {
    const { resourceMetrics } = await this.reader.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics.map((metric) => ({ scope: scope.name, metric })),
    );
  }
}

interface Attachable {
  setTracerProvider(provider: BasicTracerProvider): void;
  setMeterProvider(provider: MeterProvider): void;
  disable(): void;
}

/** What a peer records is no claim of ours. */
function isOurs(scope: string): boolean {
  return !scope.startsWith('@opentelemetry/');
}

function shown({ name, kind, status, attributes, events }: ReadableSpan): ShownSpan {
  const { code, message } = status;
  return {
    name,
    kind: SpanKind[kind] ?? '',
    status: { code: SpanStatusCode[code] ?? '', ...(message === undefined ? {} : { message }) },
    attributes,
    events: events.map(({ name, attributes }) => [name, attributes ?? {}]),
  };
}

/** Seconds since 1970. */
export function seconds([whole, nanoseconds]: HrTime): number {
  return whole + nanoseconds / 1e9;
}
