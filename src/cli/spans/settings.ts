import type { Tracer } from '@opentelemetry/api';
import { resolveConfig } from '../../config/resolve.js';
import type { ResolvedConfig } from '../../config/resolved.js';
import type { HttpTraceInstrumentationConfig } from '../../config/types.js';
import { METRIC_DEFINITIONS } from '../../semconv/metrics.js';
import { ATTR_HTTP_REQUEST_BODY_SIZE, ATTR_HTTP_RESPONSE_BODY_SIZE } from '../../semconv/semconv.js';
import { type Counters, newCounters } from '../../status/request-counter.js';

/** Where spans go. Nothing is measured. */
export interface SpanOutputs {
  tracer: Tracer;
  instruments: object;
  counters: Counters;
}

export function spanOutputs(tracer: Tracer): SpanOutputs {
  return { tracer, instruments: {}, counters: newCounters() };
}

/** The config for drawing. It records everything, ignores the environment and adds no trace headers. */
export function drawnConfig(): ResolvedConfig {
  return resolve({ propagateTo: [], grpc: true });
}

/** The config for sending, with a span for each phase, and with trace headers. */
export function sentConfig(): ResolvedConfig {
  return resolve({ phases: 'spans' });
}

function resolve(client: NonNullable<HttpTraceInstrumentationConfig['client']>): ResolvedConfig {
  const metrics = Object.fromEntries(Object.keys(METRIC_DEFINITIONS).map((name) => [name, false]));
  const optInAttributes = [ATTR_HTTP_REQUEST_BODY_SIZE, ATTR_HTTP_RESPONSE_BODY_SIZE];
  return resolveConfig({ client, metrics, optInAttributes }, {}, (message) => {
    throw new Error(message);
  });
}
