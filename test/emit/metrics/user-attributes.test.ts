import { ClientRequest, createServer, IncomingMessage, ServerResponse } from 'node:http';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HttpTraceInstrumentationConfig } from '../../../src/index.js';
import { askNode } from '../../support/clients/node-clients.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { listen } from '../../support/servers/listen.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { pointsOf } from '../../support/telemetry/metric-points.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

type Hook = NonNullable<HttpTraceInstrumentationConfig['metricAttributesHook']>;

const DURATIONS = ['http.client.request.duration', 'http.server.request.duration'] as const;

/** The attributes of the durations of both sides. */
async function attributesOf(side: 'client' | 'server'): Promise<Readonly<Record<string, unknown>>[]> {
  await telemetry.settled();
  const name = side === 'client' ? DURATIONS[0] : DURATIONS[1];
  return pointsOf(await telemetry.metrics(), name).map(({ attributes }) => attributes);
}

function record(metricAttributesHook: Hook, config: HttpTraceInstrumentationConfig = {}): void {
  telemetry.instrument({ server: {}, metricAttributesHook, ...config });
}

/** What `diag.error` is told until the test is over. */
function errors(): unknown[][] {
  const told: unknown[][] = [];
  const quiet = (): void => undefined;
  const logger: DiagLogger = {
    error: (...args) => void told.push(args),
    warn: quiet,
    info: quiet,
    debug: quiet,
    verbose: quiet,
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
  onTestFinished(() => diag.disable());
  return told;
}

function serve(): Promise<number> {
  return listen(createServer((_req, res) => res.end('hello')));
}

describe('metricAttributesHook', () => {
  it('adds to the durations of both sides, each asked once, with request and response', async () => {
    const port = await serve();
    const asked: unknown[][] = [];
    record((...args) => {
      asked.push(args);
      return { side: args[0] };
    });
    await askNode(`http://127.0.0.1:${port}/a`);
    expect(await attributesOf('client')).toMatchObject([{ side: 'client' }]);
    expect(await attributesOf('server')).toMatchObject([{ side: 'server' }]);
    expect(asked.sort(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
      ['client', expect.any(ClientRequest), expect.any(IncomingMessage)],
      ['server', expect.any(IncomingMessage), expect.any(ServerResponse)],
    ]);
  });

  it.each(UNDICI_FLAVOURS)(
    '$name: is given the request and the response of undici',
    async ({ fetch, Agent }) => {
      const port = await serve();
      const asked: unknown[][] = [];
      record(
        (...args) => {
          asked.push(args);
          return {};
        },
        { server: { enabled: false } },
      );
      const agent = new Agent();
      onTestFinished(() => agent.destroy());
      await (await fetch(`http://127.0.0.1:${port}/a`, { dispatcher: agent })).text();
      await telemetry.settled();
      expect(asked).toEqual([
        [
          'client',
          expect.objectContaining({ method: 'GET', path: '/a', origin: `http://127.0.0.1:${port}` }),
          expect.objectContaining({ statusCode: 200 }),
        ],
      ]);
    },
  );

  it('is given no response where there was none', async () => {
    const port = await refusedPort();
    const responses: unknown[] = [];
    record((_side, _request, response) => {
      responses.push(response);
      return {};
    });
    await expect(askNode(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    await telemetry.settled();
    expect(responses).toEqual([undefined]);
  });

  it('adds to no other metric', async () => {
    const port = await serve();
    const others = [
      'http.client.active_requests',
      'http.client.response.body.size',
      'httptrace.client.phase.duration',
      'http.server.active_requests',
      'http.server.response.body.size',
      'httptrace.server.first_byte.duration',
    ];
    record(() => ({ 'app.key': 'x' }), { metrics: Object.fromEntries(others.map((name) => [name, true])) });
    await askNode(`http://127.0.0.1:${port}/`);
    await telemetry.settled();
    const metrics = await telemetry.metrics();
    for (const name of others) {
      const points = pointsOf(metrics, name);
      expect([name, points.length > 0]).toEqual([name, true]);
      expect([name, points.some(({ attributes }) => 'app.key' in attributes)]).toEqual([name, false]);
    }
  });

  it('is not asked when the duration is not measured', async () => {
    const port = await serve();
    let asked = 0;
    record(
      () => {
        asked++;
        return {};
      },
      { metrics: { [DURATIONS[0]]: false, [DURATIONS[1]]: false, 'httptrace.client.phase.duration': true } },
    );
    await askNode(`http://127.0.0.1:${port}/`);
    await telemetry.settled();
    expect(asked).toBe(0);
  });

  it('that throws is told to diag.error, and the durations are measured without it', async () => {
    const port = await serve();
    const told = errors();
    const thrown = new Error('no attributes today');
    record(() => {
      throw thrown;
    });
    await askNode(`http://127.0.0.1:${port}/`);
    expect(await attributesOf('client')).toMatchObject([{ 'http.response.status_code': 200 }]);
    expect(await attributesOf('server')).toMatchObject([{ 'http.response.status_code': 200 }]);
    const message =
      'httptrace: metricAttributesHook threw; the request goes on as if it had returned nothing';
    expect(told).toEqual([
      [message, thrown],
      [message, thrown],
    ]);
  });

  it('adds strings, numbers and booleans alone', async () => {
    const port = await serve();
    const returned = {
      text: 'x',
      number: 7,
      yes: true,
      list: ['a'],
      object: { a: 1 },
      nothing: null,
      missing: undefined,
      empty: '',
      nan: Number.NaN,
    };
    record(() => returned as unknown as ReturnType<Hook>);
    await askNode(`http://127.0.0.1:${port}/`);
    const [attributes = {}] = await attributesOf('client');
    const added = Object.fromEntries(Object.entries(attributes).filter(([key]) => key in returned));
    expect(added).toEqual({ text: 'x', number: 7, yes: true });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'text'],
    ['a number', 4],
  ])('may return %s', async (_what, returned) => {
    const port = await serve();
    record(() => returned as unknown as ReturnType<Hook>);
    await askNode(`http://127.0.0.1:${port}/`);
    const [attributes = {}] = await attributesOf('client');
    expect(Object.keys(attributes).sort()).toEqual([
      'http.request.method',
      'http.response.status_code',
      'network.protocol.version',
      'server.address',
      'server.port',
    ]);
  });

  it('keeps the first hundred values of each attribute, and counts all others as one', async () => {
    const port = await serve();
    let number = 0;
    record(() => ({ 'app.id': `id-${number++}`, 'app.few': number % 2 === 0 }), {
      server: { enabled: false },
    });
    for (let i = 0; i < 105; i++) {
      await askNode(`http://127.0.0.1:${port}/`);
    }
    const ids = (await attributesOf('client')).map((attributes) => attributes['app.id']);
    const kept = Array.from({ length: 100 }, (_, i) => `id-${i}`);
    expect(new Set(ids)).toEqual(new Set([...kept, 'other']));
    const points = pointsOf(await telemetry.metrics(), DURATIONS[0]);
    expect(points.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(105);
  });

  it('keeps the values apart by attribute, and those that are known for ever', async () => {
    const port = await serve();
    let number = 0;
    record(() => ({ a: number < 150 ? number++ : 3, b: 'constant' }), { server: { enabled: false } });
    for (let i = 0; i < 152; i++) {
      await askNode(`http://127.0.0.1:${port}/`);
    }
    const points = pointsOf(await telemetry.metrics(), DURATIONS[0]);
    expect(points.find(({ attributes }) => attributes.a === 3)).toMatchObject({
      count: 3,
      attributes: { b: 'constant' },
    });
    expect(points.find(({ attributes }) => attributes.a === 'other')).toMatchObject({ count: 50 });
  });
});
