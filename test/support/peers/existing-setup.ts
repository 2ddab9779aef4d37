import { createRequire } from 'node:module';
import { type DiagLogger, DiagLogLevel, diag, type Span } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeEach, expect } from 'vitest';
import { HttpTraceInstrumentation, type HttpTraceInstrumentationConfig } from '../../../src/index.js';
import { type Telemetry, useTelemetry } from '../telemetry/telemetry.js';

/** Each is registered before those that follow. */
export type Order = readonly ('ours' | 'undici' | 'http')[];

type UseSpan = (span: Span, request: object) => void;

/** A program that runs the two other instrumentations, and ours to enrich their spans. */
export interface ExistingSetup {
  readonly telemetry: Telemetry;
  readonly ours: HttpTraceInstrumentation;
  /** What `diag.warn` and `diag.error` were told in this test. */
  readonly complaints: unknown[][];
  /** Replaces our config; both sides write to existing spans. */
  configure(config?: HttpTraceInstrumentationConfig): void;
  /** Replaces what the others call for each span; `undefined`: they call nothing. */
  callWith(useSpan: UseSpan | undefined): void;
}

/** Their patches of `node:http` stay for the rest of a file: each order of registration needs a file of its own. */
export function useExistingSetup(order: Order): ExistingSetup {
  const telemetry = useTelemetry();
  const complaints: unknown[][] = [];
  let called: UseSpan | undefined;
  const requestHook: UseSpan = (span, request) => called?.(span, request);
  const made = {
    ours: () => new HttpTraceInstrumentation(),
    undici: () => new UndiciInstrumentation({ requestHook }),
    http: () => new HttpInstrumentation({ requestHook }),
  };
  const instrumentations = order.map((name) => made[name]());
  registerInstrumentations({ instrumentations });
  // It patches when the modules are required.
  createRequire(__filename)('http');
  createRequire(__filename)('https');
  const ours = instrumentations.find((one) => one instanceof HttpTraceInstrumentation);
  if (!(ours instanceof HttpTraceInstrumentation)) {
    throw new Error('Ours is not in the order');
  }
  const configure = (config: HttpTraceInstrumentationConfig = {}): void =>
    ours.setConfig({
      ...config,
      client: { span: 'existing', ...config.client },
      server: { span: 'existing', ...config.server },
    });
  beforeEach(() => {
    const complain = (...args: unknown[]): unknown => complaints.push(args);
    const quiet = (): void => undefined;
    const logger: DiagLogger = { error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet };
    diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
    complaints.length = 0;
    called = ours.useSpan;
    for (const instrumentation of instrumentations) {
      instrumentation.setTracerProvider(telemetry.tracerProvider);
      instrumentation.setMeterProvider(telemetry.meterProvider);
    }
    configure();
  });
  afterAll(() => {
    for (const instrumentation of instrumentations) {
      instrumentation.disable();
    }
    diag.disable();
  });
  return {
    telemetry,
    ours,
    complaints,
    configure,
    callWith: (useSpan) => {
      called = useSpan;
    },
  };
}

/** Names of events, in turn. */
export function eventNames({ events }: ReadableSpan): string[] {
  return events.map(({ name }) => name);
}

/** What the others record themselves: everything but what is ours alone. */
export function theirs({ name, status, attributes }: ReadableSpan): unknown {
  const isOurs = (key: string): boolean =>
    key.startsWith('httptrace.') || key === 'http.conn.reused' || key === 'http.response.body.size';
  return {
    name,
    status,
    attributes: Object.fromEntries(Object.entries(attributes).filter(([key]) => !isOurs(key))),
  };
}

export const UNDICI_SCOPE = '@opentelemetry/instrumentation-undici';
export const HTTP_SCOPE = '@opentelemetry/instrumentation-http';

/** The only span of this kind among those of the test. */
export function onlyOf(spans: readonly ReadableSpan[], kind: ReadableSpan['kind']): ReadableSpan {
  const found = spans.filter((span) => span.kind === kind);
  expect(found.map(({ instrumentationScope }) => instrumentationScope.name)).toHaveLength(1);
  return found[0] as ReadableSpan;
}
