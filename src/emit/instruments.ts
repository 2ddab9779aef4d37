import type { Histogram, Meter, UpDownCounter } from '@opentelemetry/api';
import { METRIC_DEFINITIONS, type MetricName } from '../semconv/metrics.js';

type InstrumentOf<Name extends MetricName> =
  (typeof METRIC_DEFINITIONS)[Name]['instrument'] extends 'histogram' ? Histogram : UpDownCounter;

/** The instruments of the metrics that are on; those that are off are not there, so nothing is done for them. */
export type Instruments = { readonly [Name in MetricName]?: InstrumentOf<Name> };

export function createInstruments(meter: Meter, metrics: Readonly<Record<MetricName, boolean>>): Instruments {
  const instruments: Record<string, Histogram | UpDownCounter> = {};
  for (const [name, { instrument, options }] of Object.entries(METRIC_DEFINITIONS)) {
    if (metrics[name as MetricName]) {
      instruments[name] =
        instrument === 'histogram'
          ? meter.createHistogram(name, options)
          : meter.createUpDownCounter(name, options);
    }
  }
  return instruments as Instruments;
}
