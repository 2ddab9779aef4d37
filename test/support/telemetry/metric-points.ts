import { DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';

/** One time series of a metric. */
export interface MetricPoint {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The sum of a histogram, or the value of a counter. */
  readonly value: number;
  /** Of a histogram. */
  readonly count?: number;
}

/** The time series of one metric; none if nothing was recorded. */
export function pointsOf(metrics: readonly MetricData[], name: string): MetricPoint[] {
  const metric = metrics.find(({ descriptor }) => descriptor.name === name);
  switch (metric?.dataPointType) {
    case DataPointType.HISTOGRAM:
      return metric.dataPoints.map(({ attributes, value }) => ({
        attributes,
        value: value.sum ?? Number.NaN,
        count: value.count,
      }));
    case DataPointType.SUM:
      return metric.dataPoints.map(({ attributes, value }) => ({ attributes, value }));
    default:
      return [];
  }
}
