import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { ResolvedConfig } from '../config/resolved.js';

type MetricAttributesHook = NonNullable<ResolvedConfig['metricAttributesHook']>;

/** How many values each attribute of a `metricAttributesHook` may have. Each value is a time series. */
const MOST_VALUES_PER_ATTRIBUTE = 100;

/** Recorded in place of all further values. */
const OVERFLOW = 'other';

/**
 * Bounds what a user's hook adds to the metrics. The first `MOST_VALUES_PER_ATTRIBUTE` values of each attribute are kept,
 * and all others become `other`. Values that are no string, number or boolean are left out. So are the empty string, `NaN`
 * and the infinities.
 */
export function capped(hook: MetricAttributesHook): MetricAttributesHook {
  const valuesOf = new Map<string, Set<AttributeValue>>();
  return (side, request, response) => {
    const bounded: Attributes = {};
    for (const [name, value] of entriesOf(hook(side, request, response))) {
      if (isSimple(value)) {
        bounded[name] = cap(valuesOf, name, value);
      }
    }
    return bounded;
  };
}

/** A hook may return anything. */
function entriesOf(returned: unknown): [string, unknown][] {
  return typeof returned === 'object' && returned !== null && !Array.isArray(returned)
    ? Object.entries(returned)
    : [];
}

function isSimple(value: unknown): value is string | number | boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'boolean' || Number.isFinite(value);
}

function cap(
  valuesOf: Map<string, Set<AttributeValue>>,
  name: string,
  value: string | number | boolean,
): AttributeValue {
  let values = valuesOf.get(name);
  if (values === undefined) {
    values = new Set();
    valuesOf.set(name, values);
  }
  if (values.has(value)) {
    return value;
  }
  if (values.size >= MOST_VALUES_PER_ATTRIBUTE) {
    return OVERFLOW;
  }
  values.add(value);
  return value;
}
