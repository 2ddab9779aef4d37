import type { Tracer } from '@opentelemetry/api';
import { resolveConfig } from '../../config/resolve.js';
import type { ResolvedConfig } from '../../config/resolved.js';
import { METRIC_DEFINITIONS } from '../../semconv/metrics.js';
import { ATTR_HTTP_REQUEST_BODY_SIZE, ATTR_HTTP_RESPONSE_BODY_SIZE } from '../../semconv/semconv.js';
import { type Counters, newCounters } from '../../status/request-counter.js';

/** Where spans go that are drawn here; nothing is measured. */
export interface SpanOutputs {
  tracer: () => Tracer;
  instruments: () => object;
  counters: Counters;
}

export function spanOutputs(tracer: Tracer): SpanOutputs {
  return { tracer: () => tracer, instruments: () => ({}), counters: newCounters() };
}

/**
 * What is recorded to be drawn: everything, whatever the environment asks of an instrumentation.
 *
 * @param propagates Whether requests are sent trace headers.
 */
export function spanConfig(propagates: boolean): ResolvedConfig {
  const metrics = Object.fromEntries(Object.keys(METRIC_DEFINITIONS).map((name) => [name, false]));
  const optInAttributes = [ATTR_HTTP_REQUEST_BODY_SIZE, ATTR_HTTP_RESPONSE_BODY_SIZE];
  const client = propagates ? {} : { propagateTo: [] };
  return resolveConfig({ client, metrics, optInAttributes }, {}, (message) => {
    throw new Error(message);
  });
}
