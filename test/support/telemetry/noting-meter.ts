import {
  type Attributes,
  type Context,
  createNoopMeter,
  type Meter,
  type MeterProvider,
  type MetricOptions,
} from '@opentelemetry/api';

export interface CreatedInstrument {
  readonly name: string;
  readonly kind: 'histogram' | 'upDownCounter';
  readonly options: MetricOptions | undefined;
}

export interface NotedMeasurement {
  readonly name: string;
  readonly value: number;
  readonly attributes: Attributes | undefined;
  readonly context: Context | undefined;
}

/** Keeps what a metrics SDK is told, and nothing else. */
export class NotingMeterProvider implements MeterProvider {
  readonly created: CreatedInstrument[] = [];
  readonly measured: NotedMeasurement[] = [];

  getMeter(): Meter {
    const noteFor =
      (name: string) =>
      (value: number, attributes?: Attributes, context?: Context): void => {
        this.measured.push({ name, value, attributes, context });
      };
    return Object.assign(createNoopMeter(), {
      createHistogram: (name: string, options?: MetricOptions) => {
        this.created.push({ name, kind: 'histogram', options });
        return { record: noteFor(name) };
      },
      createUpDownCounter: (name: string, options?: MetricOptions) => {
        this.created.push({ name, kind: 'upDownCounter', options });
        return { add: noteFor(name) };
      },
    });
  }

  of(name: string): NotedMeasurement[] {
    return this.measured.filter((measurement) => measurement.name === name);
  }
}
