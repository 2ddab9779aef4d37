import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { ResolvedConfig } from '../config/resolved.js';

type MetricAttributesHook = NonNullable<ResolvedConfig['metricAttributesHook']>;

/** How many values each attribute of a `metricAttributesHook` may have: each of them is a time series. */
const MOST_VALUES_PER_ATTRIBUTE = 100;

/** What stands for all further values. */
const OVERFLOW = 'other';

/**
 * Bounds what a user's hook adds to the metrics: of each attribute the first `MOST_VALUES_PER_ATTRIBUTE` values
 * are kept as they are, all others become `other`. What is not a string, a number or a boolean is left out, and so
 * are the empty string, `NaN` and the infinite: they say nothing.
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
