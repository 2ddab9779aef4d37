import {
  METRIC_DNS_LOOKUP_DURATION,
  METRIC_HTTP_CLIENT_ACTIVE_REQUESTS,
  METRIC_HTTP_CLIENT_CONNECTION_DURATION,
  METRIC_HTTP_CLIENT_OPEN_CONNECTIONS,
  METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE,
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
  METRIC_HTTP_CLIENT_REQUEST_TIME_IN_QUEUE,
  METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE,
  METRIC_HTTP_SERVER_ACTIVE_REQUESTS,
  METRIC_HTTP_SERVER_REQUEST_BODY_SIZE,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
  METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE,
  METRIC_HTTPTRACE_CLIENT_PHASE_DURATION,
  METRIC_HTTPTRACE_SERVER_FIRST_BYTE_DURATION,
} from './semconv.js';

/** Buckets of a request's duration and of its parts, in seconds. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Buckets of a connection's lifetime, in seconds. */
const CONNECTION_SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];
/** Buckets of a body's size, in bytes. The conventions give none. */
const BODY_BYTES = [0, 128, 1024, 8192, 65536, 262144, 1048576, 8388608, 67108864];

export interface MetricDefinition<Instrument = 'histogram' | 'upDownCounter'> {
  readonly instrument: Instrument;
  readonly description: string;
  /** `s` is measured in fractions. Every other unit is counted in whole numbers. */
  readonly unit: string;
  /** Boundaries of the buckets of a histogram. */
  readonly boundaries?: readonly number[];
  /** Whether the metric is recorded if the config does not mention it. */
  readonly onByDefault: boolean;
}

function seconds(
  description: string,
  boundaries: readonly number[],
  onByDefault = false,
): MetricDefinition<'histogram'> {
  return { instrument: 'histogram', description, unit: 's', boundaries, onByDefault };
}

function bytes(description: string): MetricDefinition<'histogram'> {
  return { instrument: 'histogram', description, unit: 'By', boundaries: BODY_BYTES, onByDefault: false };
}

function inProgress(description: string, unit: string): MetricDefinition<'upDownCounter'> {
  return { instrument: 'upDownCounter', description, unit, onByDefault: false };
}

/** Every metric that can be recorded, by name. */
export const METRIC_DEFINITIONS = {
  [METRIC_HTTP_CLIENT_REQUEST_DURATION]: seconds('Time taken by an outgoing request', REQUEST_SECONDS, true),
  [METRIC_HTTP_CLIENT_ACTIVE_REQUESTS]: inProgress('Outgoing requests in progress', '{request}'),
  [METRIC_HTTP_CLIENT_OPEN_CONNECTIONS]: inProgress(
    'Established outgoing connections, busy or idle',
    '{connection}',
  ),
  [METRIC_HTTP_CLIENT_CONNECTION_DURATION]: seconds(
    'Lifetime of an established outgoing connection',
    CONNECTION_SECONDS,
  ),
  [METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE]: bytes('Body bytes sent per outgoing request'),
  [METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE]: bytes('Body bytes received per outgoing request'),
  [METRIC_HTTP_CLIENT_REQUEST_TIME_IN_QUEUE]: seconds(
    'Waiting time of a request for a free connection',
    REQUEST_SECONDS,
  ),
  [METRIC_DNS_LOOKUP_DURATION]: seconds('Time taken to resolve a host name', REQUEST_SECONDS),
  [METRIC_HTTPTRACE_CLIENT_PHASE_DURATION]: seconds(
    'Time an outgoing request spent in one phase',
    REQUEST_SECONDS,
  ),
  [METRIC_HTTP_SERVER_REQUEST_DURATION]: seconds(
    'Time taken to serve an incoming request',
    REQUEST_SECONDS,
    true,
  ),
  [METRIC_HTTP_SERVER_ACTIVE_REQUESTS]: inProgress('Incoming requests in progress', '{request}'),
  [METRIC_HTTP_SERVER_REQUEST_BODY_SIZE]: bytes('Body bytes received per incoming request'),
  [METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE]: bytes('Body bytes sent per incoming request'),
  [METRIC_HTTPTRACE_SERVER_FIRST_BYTE_DURATION]: seconds(
    'Time until the head of the response was written',
    REQUEST_SECONDS,
  ),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRIC_DEFINITIONS;
