import { type Attributes, type Context, context, diag, type MeterProvider, trace } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HttpTraceInstrumentation } from '../../../src/index.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { answering, rawServer, refusedPort } from '../../support/servers/raw-server.js';
import { httpServer } from '../../support/servers/truthful-server.js';
import { seconds, useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

describe.each(UNDICI_FLAVOURS)('$name: http.client.request.duration', (flavour) => {
  async function ask(url: string, signal?: AbortSignal): Promise<void> {
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    await flavour
      .fetch(url, { dispatcher: agent, ...(signal === undefined ? {} : { signal }) })
      .then((response) => response.text())
      .catch(() => undefined);
  }

  it('is an instrument as the conventions describe it', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    await ask(`${origin}/`);
    await telemetry.settled();
    expect((await telemetry.metrics()).map(({ descriptor }) => descriptor)).toEqual([
      {
        name: 'http.client.request.duration',
        description: 'Time taken by an outgoing request',
        type: 'HISTOGRAM',
        unit: 's',
        valueType: 1,
        advice: {
          explicitBucketBoundaries: [
            0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
          ],
        },
      },
    ]);
  });

  it('says how long the span lasted, and whom it asked', async () => {
    const { origin, port } = await httpServer();
    telemetry.instrument();
    await ask(`${origin}/a?b`);
    const { startTime, endTime } = await telemetry.only();
    const [measured] = await telemetry.durations();
    expect(measured).toEqual({
      count: 1,
      sum: expect.closeTo(seconds(endTime) - seconds(startTime), 5),
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'network.protocol.version': '1.1',
        'server.address': '127.0.0.1',
        'server.port': port,
      },
    });
  });

  it('says what failed: the status, or the way to the server', async () => {
    const { origin, port } = await httpServer((_req, res) => res.writeHead(503).end());
    const closed = await refusedPort();
    telemetry.instrument();
    await ask(`${origin}/`);
    await ask(`http://127.0.0.1:${closed}/`);
    expect((await telemetry.durations()).map(({ attributes }) => attributes)).toEqual([
      {
        'error.type': '503',
        'http.request.method': 'GET',
        'http.response.status_code': 503,
        'network.protocol.version': '1.1',
        'server.address': '127.0.0.1',
        'server.port': port,
      },
      {
        'error.type': 'ECONNREFUSED',
        'http.request.method': 'GET',
        'server.address': '127.0.0.1',
        'server.port': closed,
      },
    ]);
  });

  it('is measured of a request that the caller gave up', async () => {
    const controller = new AbortController();
    const { origin } = await rawServer(answering('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'));
    telemetry.instrument({ client: { responseHook: () => setImmediate(() => controller.abort()) } });
    await ask(`${origin}/`, controller.signal);
    const [measured] = await telemetry.durations();
    expect(measured).toMatchObject({ count: 1, attributes: { 'http.response.status_code': 200 } });
    expect(measured?.attributes).not.toHaveProperty('error.type');
  });

  it('has the scheme if that was asked for', async () => {
    const { origin } = await httpServer();
    telemetry.instrument({ optInAttributes: ['url.scheme'] });
    await ask(`${origin}/`);
    expect((await telemetry.durations())[0]?.attributes).toMatchObject({ 'url.scheme': 'http' });
  });

  it('is measured of a request that is not sampled, and where there are no spans', async () => {
    const { origin } = await httpServer();
    const instrumentation = telemetry.instrument();
    instrumentation.setTracerProvider(telemetry.providerOf(new AlwaysOffSampler()));
    await ask(`${origin}/`);
    expect(await telemetry.durations()).toMatchObject([{ count: 1 }]);
    expect(await telemetry.finished()).toEqual([]);
    instrumentation.disable();
    const onlyMetrics = new HttpTraceInstrumentation({ server: { enabled: false } });
    onTestFinished(() => onlyMetrics.disable());
    onlyMetrics.setMeterProvider(telemetry.meterProvider);
    await ask(`${origin}/`);
    expect(await telemetry.durations()).toMatchObject([{ count: 2 }]);
  });

  it('is recorded in the context of its span, for exemplars', async () => {
    const { origin } = await httpServer();
    const recorded: (Context | undefined)[] = [];
    const record = (_value: number, _attributes?: Attributes, ctx?: Context) => recorded.push(ctx);
    const meter = { createHistogram: () => ({ record }) };
    telemetry.instrument().setMeterProvider({ getMeter: () => meter } as object as MeterProvider);
    await ask(`${origin}/`);
    const span = await telemetry.only();
    expect(recorded.map((ctx) => ctx && trace.getSpanContext(ctx))).toEqual([span.spanContext()]);
  });

  it('is not measured if the config says so', async () => {
    const { origin } = await httpServer();
    telemetry.instrument({ metrics: { 'http.client.request.duration': false } });
    await ask(`${origin}/`);
    await telemetry.settled();
    expect(await telemetry.metrics()).toEqual([]);
  });
});

describe.each(UNDICI_FLAVOURS)('$name: metricAttributesHook', (flavour) => {
  async function ask(url: string): Promise<void> {
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    await flavour
      .fetch(url, { dispatcher: agent })
      .then((response) => response.text())
      .catch(() => undefined);
  }

  it('adds attributes of its own, and is told of request and response', async () => {
    const { origin } = await httpServer();
    const closed = await refusedPort();
    const seen: unknown[] = [];
    telemetry.instrument({
      metricAttributesHook: (side, request, response) => {
        const status = response === undefined ? undefined : response.statusCode;
        seen.push([side, 'origin' in request && request.origin, request.method, status]);
        return { tenant: 'blue' };
      },
    });
    await ask(`${origin}/`);
    await ask(`http://127.0.0.1:${closed}/`);
    expect((await telemetry.durations()).map(({ attributes }) => attributes)).toEqual([
      {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'network.protocol.version': '1.1',
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(origin).port),
        tenant: 'blue',
      },
      {
        'error.type': 'ECONNREFUSED',
        'http.request.method': 'GET',
        'server.address': '127.0.0.1',
        'server.port': closed,
        tenant: 'blue',
      },
    ]);
    expect(seen).toEqual([
      ['client', origin, 'GET', 200],
      ['client', `http://127.0.0.1:${closed}`, 'GET', undefined],
    ]);
  });

  it('that throws goes to diag, and the request is measured without it', async () => {
    const { origin } = await httpServer();
    const error = vi.spyOn(diag, 'error').mockReturnValue();
    onTestFinished(() => error.mockRestore());
    const thrown = new Error('mine');
    telemetry.instrument({
      metricAttributesHook: () => {
        throw thrown;
      },
    });
    await ask(`${origin}/`);
    expect(await telemetry.durations()).toMatchObject([{ count: 1 }]);
    expect(error.mock.calls).toEqual([[expect.stringContaining('metricAttributesHook'), thrown]]);
  });

  it('is not called for what is not measured', async () => {
    const { origin } = await httpServer();
    const metricAttributesHook = vi.fn(() => ({}));
    telemetry.instrument({ metricAttributesHook, metrics: { 'http.client.request.duration': false } });
    await ask(`${origin}/`);
    await telemetry.settled();
    expect(metricAttributesHook).not.toHaveBeenCalled();
  });
});

it('leaves no context behind', () => {
  expect(trace.getSpan(context.active())).toBeUndefined();
});
