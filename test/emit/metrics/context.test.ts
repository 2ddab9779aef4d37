import { createServer } from 'node:http';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { HttpTraceInstrumentation, type HttpTraceInstrumentationConfig } from '../../../src/index.js';
import { askNode, httpAgent } from '../../support/clients/node-clients.js';
import { deferred } from '../../support/deferred.js';
import { listen } from '../../support/servers/listen.js';
import { pointsOf } from '../../support/telemetry/metric-points.js';
import { NotingMeterProvider } from '../../support/telemetry/noting-meter.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const CLIENT = [
  'http.client.request.duration',
  'http.client.active_requests',
  'http.client.request.body.size',
  'http.client.response.body.size',
  'http.client.request.time_in_queue',
  'dns.lookup.duration',
  'httptrace.client.phase.duration',
];
const SERVER = [
  'http.server.request.duration',
  'http.server.active_requests',
  'http.server.request.body.size',
  'http.server.response.body.size',
  'httptrace.server.first_byte.duration',
];
/** Of connections, which outlive the requests that they serve. */
const CONNECTIONS = ['http.client.open_connections', 'http.client.connection.duration'];

const ALL_ON = Object.fromEntries([...CLIENT, ...SERVER, ...CONNECTIONS].map((name) => [name, true]));
const BOTH_SIDES: HttpTraceInstrumentationConfig = { server: {}, metrics: ALL_ON };

async function exchange(): Promise<void> {
  const server = createServer((req, res) => req.resume().on('end', () => res.end('hello')));
  const port = await listen(server);
  await askNode(`http://localhost:${port}/`, { method: 'POST', body: 'abc', agent: false });
}

async function expectAllMeasured(provider: NotingMeterProvider): Promise<void> {
  await expect
    .poll(() => new Set(provider.measured.map(({ name }) => name)))
    .toEqual(new Set([...CLIENT, ...SERVER, ...CONNECTIONS]));
}

describe('what is measured of a request is recorded', () => {
  it('in the context of its span, for exemplars', async () => {
    const provider = new NotingMeterProvider();
    telemetry.instrument(BOTH_SIDES).setMeterProvider(provider);
    const spanIds: Record<string, string> = {};
    await exchange();
    for (const span of await telemetry.all()) {
      spanIds[SpanKind[span.kind] ?? ''] = span.spanContext().spanId;
    }
    const contextsOf = (names: string[]): unknown =>
      names.map((name) => [
        name,
        ...new Set(
          provider
            .of(name)
            .map((measured) => measured.context && trace.getSpanContext(measured.context)?.spanId),
        ),
      ]);
    expect(contextsOf(CLIENT)).toEqual(CLIENT.map((name) => [name, spanIds.CLIENT]));
    expect(contextsOf(SERVER)).toEqual(SERVER.map((name) => [name, spanIds.SERVER]));
  });

  it('in no context, if it is the connection that is measured', async () => {
    const provider = new NotingMeterProvider();
    telemetry.instrument(BOTH_SIDES).setMeterProvider(provider);
    await exchange();
    for (const name of CONNECTIONS) {
      await expect.poll(() => provider.of(name).length).toBeGreaterThan(0);
      expect(provider.of(name).map((measured) => measured.context)).not.toContainEqual(expect.anything());
    }
  });

  it('when it is not sampled', async () => {
    const provider = new NotingMeterProvider();
    const instrumentation = telemetry.instrument(BOTH_SIDES);
    instrumentation.setTracerProvider(telemetry.providerOf(new AlwaysOffSampler()));
    instrumentation.setMeterProvider(provider);
    await exchange();
    expect(await telemetry.all()).toEqual([]);
    await expectAllMeasured(provider);
  });

  it('when it has no parent, and spans require one', async () => {
    const provider = new NotingMeterProvider();
    const instrumentation = telemetry.instrument({
      ...BOTH_SIDES,
      client: { requireParentforSpans: true },
      server: { requireParentforSpans: true },
    });
    instrumentation.setMeterProvider(provider);
    await exchange();
    expect(await telemetry.all()).toEqual([]);
    await expectAllMeasured(provider);
  });

  it('when there is a MeterProvider alone, and no TracerProvider', async () => {
    const provider = new NotingMeterProvider();
    const instrumentation = new HttpTraceInstrumentation(BOTH_SIDES);
    instrumentation.setMeterProvider(provider);
    await exchange();
    await expectAllMeasured(provider);
    instrumentation.disable();
  });

  it('and not when tracing is suppressed', async () => {
    const provider = new NotingMeterProvider();
    telemetry.instrument({ metrics: ALL_ON }).setMeterProvider(provider);
    await context.with(suppressTracing(context.active()), exchange);
    expect(provider.measured.filter(({ name }) => !CONNECTIONS.includes(name))).toEqual([]);
  });
});

describe('http.client.active_requests and http.server.active_requests', () => {
  const ACTIVE = ['http.client.active_requests', 'http.server.active_requests'];
  const ON = Object.fromEntries(ACTIVE.map((name) => [name, true]));

  /** A request whose answer waits for `answer`. */
  async function held(): Promise<{ answer: () => void; answered: Promise<unknown> }> {
    const arrived = deferred();
    const mayAnswer = deferred();
    const port = await listen(
      createServer((_req, res) => {
        arrived.resolve();
        void mayAnswer.promise.then(() => res.end('hello'));
      }),
    );
    const answered = askNode(`http://127.0.0.1:${port}/`, { agent: httpAgent() });
    await arrived.promise;
    return { answer: () => mayAnswer.resolve(), answered };
  }

  async function values(): Promise<unknown[]> {
    const metrics = await telemetry.metrics();
    return ACTIVE.map((name) => pointsOf(metrics, name).map(({ value }) => value));
  }

  it('count what is under way', async () => {
    telemetry.instrument({ server: {}, metrics: ON });
    const { answer, answered } = await held();
    expect(await values()).toEqual([[1], [1]]);
    answer();
    await answered;
    await telemetry.settled();
    expect(await values()).toEqual([[0], [0]]);
  });

  it.each<[string, HttpTraceInstrumentationConfig]>([
    ['has them no more', { server: {} }],
    ['tells more of each', { server: {}, metrics: ON, optInAttributes: ['url.scheme', 'server.address'] }],
    ['records nothing any more', { enabled: false, metrics: ON }],
  ])('come back to zero if a config that %s is set meanwhile', async (_what, config) => {
    const instrumentation = telemetry.instrument({ server: {}, metrics: ON });
    const { answer, answered } = await held();
    instrumentation.setConfig(config);
    answer();
    await answered;
    await telemetry.settled();
    expect(await values()).toEqual([[0], [0]]);
  });

  it('take nothing from a counter that was switched on meanwhile', async () => {
    const instrumentation = telemetry.instrument({ server: {} });
    const { answer, answered } = await held();
    instrumentation.setConfig({ server: {}, metrics: ON });
    answer();
    await answered;
    await telemetry.settled();
    expect(await values()).toEqual([[], []]);
  });

  it('take nothing from the counter of a provider that came meanwhile', async () => {
    const instrumentation = telemetry.instrument({ server: {}, metrics: ON });
    instrumentation.setMeterProvider(new NotingMeterProvider());
    const { answer, answered } = await held();
    instrumentation.setMeterProvider(telemetry.meterProvider);
    answer();
    await answered;
    await telemetry.settled();
    expect(await values()).toEqual([[], []]);
  });
});
