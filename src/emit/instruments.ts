import {
  type Histogram,
  type Meter,
  type MetricOptions,
  type UpDownCounter,
  ValueType,
} from '@opentelemetry/api';
import { METRIC_DEFINITIONS, type MetricDefinition, type MetricName } from '../semconv/metrics.js';

type InstrumentOf<Name extends MetricName> =
  (typeof METRIC_DEFINITIONS)[Name]['instrument'] extends 'histogram' ? Histogram : UpDownCounter;

/** The instruments of the metrics that are on. A metric that is off has none, and costs nothing. */
export type Instruments = { readonly [Name in MetricName]?: InstrumentOf<Name> };

/** Makes the instruments. Called again for another config or another meter. */
export function createInstruments(meter: Meter, metrics: Readonly<Record<MetricName, boolean>>): Instruments {
  const instruments: Record<string, Histogram | UpDownCounter> = {};
  for (const [name, definition] of Object.entries(METRIC_DEFINITIONS)) {
    if (metrics[name as MetricName]) {
      const options = metricOptions(definition);
      instruments[name] =
        definition.instrument === 'histogram'
          ? meter.createHistogram(name, options)
          : meter.createUpDownCounter(name, options);
    }
  }
  return instruments as Instruments;
}

/**
 * The options with which a meter makes the instrument of a metric.
 *
 * @internal Exported for its tests.
 */
export function metricOptions({ description, unit, boundaries }: MetricDefinition): MetricOptions {
  return {
    description,
    unit,
    valueType: unit === 's' ? ValueType.DOUBLE : ValueType.INT,
    ...(boundaries !== undefined && { advice: { explicitBucketBoundaries: [...boundaries] } }),
  };
}
