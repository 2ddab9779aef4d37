import { createServer } from 'node:http';
import { metrics as metricsApi, ValueType } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpTraceInstrumentation } from '../../../src/index.js';
import { askNode } from '../../support/clients/node-clients.js';
import { listen } from '../../support/servers/listen.js';
import { pointsOf } from '../../support/telemetry/metric-points.js';
import { NotingMeterProvider } from '../../support/telemetry/noting-meter.js';
import { PulledReader, useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const REQUEST_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const CONNECTION_S = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];
const BYTES = [0, 128, 1024, 8192, 65536, 262144, 1048576, 8388608, 67108864];

type Row = readonly [
  name: string,
  kind: string,
  unit: string,
  valueType: ValueType,
  buckets: readonly number[] | undefined,
  description: string,
];

const { DOUBLE, INT } = ValueType;

const ALL: readonly Row[] = [
  ['http.client.request.duration', 'histogram', 's', DOUBLE, REQUEST_S, 'Time taken by an outgoing request'],
  [
    'http.client.active_requests',
    'upDownCounter',
    '{request}',
    INT,
    undefined,
    'Outgoing requests in progress',
  ],
  [
    'http.client.open_connections',
    'upDownCounter',
    '{connection}',
    INT,
    undefined,
    'Established outgoing connections, busy or idle',
  ],
  [
    'http.client.connection.duration',
    'histogram',
    's',
    DOUBLE,
    CONNECTION_S,
    'Lifetime of an established outgoing connection',
  ],
  ['http.client.request.body.size', 'histogram', 'By', INT, BYTES, 'Body bytes sent per outgoing request'],
  [
    'http.client.response.body.size',
    'histogram',
    'By',
    INT,
    BYTES,
    'Body bytes received per outgoing request',
  ],
  [
    'http.client.request.time_in_queue',
    'histogram',
    's',
    DOUBLE,
    REQUEST_S,
    'Waiting time of a request for a free connection',
  ],
  ['dns.lookup.duration', 'histogram', 's', DOUBLE, REQUEST_S, 'Time taken to resolve a host name'],
  [
    'httptrace.client.phase.duration',
    'histogram',
    's',
    DOUBLE,
    REQUEST_S,
    'Time an outgoing request spent in one phase',
  ],
  [
    'http.server.request.duration',
    'histogram',
    's',
    DOUBLE,
    REQUEST_S,
    'Time taken to serve an incoming request',
  ],
  [
    'http.server.active_requests',
    'upDownCounter',
    '{request}',
    INT,
    undefined,
    'Incoming requests in progress',
  ],
  [
    'http.server.request.body.size',
    'histogram',
    'By',
    INT,
    BYTES,
    'Body bytes received per incoming request',
  ],
  ['http.server.response.body.size', 'histogram', 'By', INT, BYTES, 'Body bytes sent per incoming request'],
  [
    'httptrace.server.first_byte.duration',
    'histogram',
    's',
    DOUBLE,
    REQUEST_S,
    'Time until the head of the response was written',
  ],
];

const NAMES = ALL.map(([name]) => name);
const DEFAULTS = ['http.client.request.duration', 'http.server.request.duration'];

/** Both sides at once: a request by name on a connection of its own, with both bodies, to a server that is recorded. */
async function exchange(): Promise<void> {
  const server = createServer((req, res) => req.resume().on('end', () => res.end('hello')));
  const port = await listen(server);
  await askNode(`http://localhost:${port}/`, { method: 'POST', body: 'abc', agent: false });
}

describe('a MeterProvider is asked for', () => {
  it.each(ALL)('%s as it is defined, when that one alone is on', async (...row) => {
    const [name] = row;
    const provider = new NotingMeterProvider();
    const off = Object.fromEntries(NAMES.map((other) => [other, other === name]));
    telemetry.instrument({ server: {}, metrics: off }).setMeterProvider(provider);
    expect(
      provider.created.map(({ name, kind, options }) => [
        name,
        kind,
        options?.unit,
        options?.valueType,
        options?.advice?.explicitBucketBoundaries,
        options?.description,
      ]),
    ).toEqual([row]);
    await exchange();
    await expect.poll(() => new Set(provider.measured.map(({ name }) => name))).toEqual(new Set([name]));
  });

  it('the two durations by default', async () => {
    const provider = new NotingMeterProvider();
    telemetry.instrument({ server: {} }).setMeterProvider(provider);
    expect(provider.created.map(({ name }) => name)).toEqual(DEFAULTS);
  });

  it('no metric, when all are off', async () => {
    const provider = new NotingMeterProvider();
    const metrics = Object.fromEntries(DEFAULTS.map((name) => [name, false]));
    telemetry.instrument({ server: {}, metrics }).setMeterProvider(provider);
    await exchange();
    expect(provider).toMatchObject({ created: [], measured: [] });
  });

  it('what a later config wants', () => {
    const provider = new NotingMeterProvider();
    const instrumentation = telemetry.instrument();
    instrumentation.setMeterProvider(provider);
    provider.created.length = 0;
    instrumentation.setConfig({ server: { enabled: false }, metrics: { 'dns.lookup.duration': true } });
    expect(provider.created.map(({ name }) => name)).toEqual(
      [...DEFAULTS, 'dns.lookup.duration'].sort(byTable),
    );
  });
});

function byTable(a: string, b: string): number {
  return NAMES.indexOf(a) - NAMES.indexOf(b);
}

describe('with the real metrics SDK', () => {
  it('all fourteen come out, each with its unit', async () => {
    telemetry.instrument({ server: {}, metrics: Object.fromEntries(NAMES.map((name) => [name, true])) });
    await exchange();
    await telemetry.settled();
    const metrics = await telemetry.metrics();
    expect(metrics.map(({ descriptor }) => [descriptor.name, descriptor.unit]).sort()).toEqual(
      ALL.map(([name, , unit]) => [name, unit]).sort(),
    );
  });

  it('a provider that is registered globally after the instrumentation gets everything from then on', async () => {
    const instrumentation = new HttpTraceInstrumentation({ server: { enabled: false } });
    onTestFinished(() => instrumentation.disable());
    const port = await listen(createServer((_req, res) => res.end()));
    await askNode(`http://127.0.0.1:${port}/`);
    const reader = new PulledReader();
    const provider = new MeterProvider({ readers: [reader] });
    metricsApi.setGlobalMeterProvider(provider);
    onTestFinished(() => metricsApi.disable());
    instrumentation.setMeterProvider(metricsApi.getMeterProvider());
    await askNode(`http://127.0.0.1:${port}/`);
    const { resourceMetrics } = await reader.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    expect(pointsOf(metrics, 'http.client.request.duration')).toMatchObject([{ count: 1 }]);
  });
});
