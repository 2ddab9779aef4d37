import { context, type DiagLogger, DiagLogLevel, diag, propagation, SpanKind } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  DataPointType,
  MeterProvider,
  MetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, type ReadableSpan, type Sampler } from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { HttpTraceInstrumentation, type HttpTraceInstrumentationConfig } from '../../../src/index.js';
import { spanFaults } from './legal-span.js';

/** One data point of a metric. */
export interface DataPoint {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Of a histogram. */
  readonly count?: number;
  /** The sum of a histogram, or the value of a counter. */
  readonly value: number;
}

/**
 * Records what the servers of one file answer. After each test all spans that were started have ended, each was
 * possible, and nothing was complained about.
 */
export function useServedSpans(): ServedSpans {
  const served = new ServedSpans();
  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(
      new CompositePropagator({
        propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
      }),
    );
  });
  beforeEach(() => served.begin());
  afterEach(() => served.finish());
  afterAll(() => {
    context.disable();
    propagation.disable();
    diag.disable();
  });
  return served;
}

class PulledReader extends MetricReader {
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

export class ServedSpans {
  /** What was said to `diag` at level `warn` or `error`. A test that wants it must empty it. */
  readonly complaints: unknown[][] = [];
  private readonly open = new Set<string>();
  private readonly ended: ReadableSpan[] = [];
  private attached: Attachable[] = [];
  private reader = new PulledReader();
  tracerProvider = this.providerOf();
  meterProvider = new MeterProvider({ readers: [this.reader] });

  begin(): void {
    this.open.clear();
    this.ended.length = 0;
    this.complaints.length = 0;
    this.attached = [];
    this.reader = new PulledReader();
    this.tracerProvider = this.providerOf();
    this.meterProvider = new MeterProvider({ readers: [this.reader] });
    const complain = (...args: unknown[]): unknown => this.complaints.push(args);
    const quiet = (): void => undefined;
    const logger: DiagLogger = { error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet };
    diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  }

  async finish(): Promise<void> {
    await this.settled();
    for (const instrumentation of this.attached) {
      instrumentation.disable();
    }
    expect(this.ended.flatMap(spanFaults)).toEqual([]);
    expect(this.complaints).toEqual([]);
  }

  /** A provider whose spans are kept here too. */
  providerOf(sampler?: Sampler): BasicTracerProvider {
    return new BasicTracerProvider({
      spanProcessors: [
        {
          onStart: (span) => void this.open.add(span.spanContext().spanId),
          onEnd: (span) => {
            this.open.delete(span.spanContext().spanId);
            this.ended.push(span);
          },
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      ],
      ...(sampler === undefined ? {} : { sampler }),
    });
  }

  /** Records what servers do until the test is over, or until it is disabled. */
  record(
    server: HttpTraceInstrumentationConfig['server'] = {},
    config: HttpTraceInstrumentationConfig = {},
  ): HttpTraceInstrumentation {
    return this.attach(new HttpTraceInstrumentation({ client: { enabled: false }, server, ...config }));
  }

  /** Gives an instrumentation the providers of this test, and takes care of its end. */
  attach<T extends Attachable>(instrumentation: T): T {
    instrumentation.setTracerProvider(this.tracerProvider);
    instrumentation.setMeterProvider(this.meterProvider);
    this.attached.push(instrumentation);
    return instrumentation;
  }

  /** Waits until each span that was started has ended. */
  async settled(): Promise<void> {
    await vi.waitFor(() => expect([...this.open]).toEqual([]), { timeout: 5_000, interval: 2 });
  }

  /** The SERVER spans, in the order in which they ended; waits until there are so many, and none is open. */
  async spans(count: number): Promise<ReadableSpan[]> {
    const isThere = (): ReadableSpan[] => {
      const spans = this.ended.filter(({ kind }) => kind === SpanKind.SERVER);
      expect([this.open.size, spans.length]).toEqual([0, count]);
      return spans;
    };
    return vi.waitFor(isThere, { timeout: 5_000, interval: 2 });
  }

  /** All spans that have ended, of whatever kind. */
  all(): readonly ReadableSpan[] {
    return this.ended;
  }

  /** The only SERVER span. */
  async only(): Promise<ReadableSpan> {
    const [span] = await this.spans(1);
    if (span === undefined) {
      throw new Error('No span');
    }
    return span;
  }

  /** The data points of a metric when nothing is under way; none if nothing was recorded. */
  async points(name: string): Promise<DataPoint[]> {
    await this.settled();
    return this.pointsNow(name);
  }

  async pointsNow(name: string): Promise<DataPoint[]> {
    const { resourceMetrics } = await this.reader.collect();
    const metric = resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .find(({ descriptor }) => descriptor.name === name);
    switch (metric?.dataPointType) {
      case DataPointType.HISTOGRAM:
        return metric.dataPoints.map(({ attributes, value }) => ({
          attributes,
          count: value.count,
          value: value.sum ?? Number.NaN,
        }));
      case DataPointType.SUM:
        return metric.dataPoints.map(({ attributes, value }) => ({ attributes, value }));
      default:
        return [];
    }
  }
}

interface Attachable {
  setTracerProvider(provider: BasicTracerProvider): void;
  setMeterProvider(provider: MeterProvider): void;
  disable(): void;
}

/** The events of a span as names with their attributes. */
export function eventsOf(span: ReadableSpan): (readonly [name: string, attributes: unknown])[] {
  return span.events.map(({ name, attributes }) => [name, attributes ?? {}]);
}
