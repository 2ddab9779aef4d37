import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { LookupFunction } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeRequest } from '../../support/clients/node-clients.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { deferred } from '../../support/deferred.js';
import { listen } from '../../support/servers/listen.js';
import { rawServer, refusedPort, resettingServer, silentServer } from '../../support/servers/raw-server.js';
import { type MetricPoint, pointsOf } from '../../support/telemetry/metric-points.js';
import { seconds, useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

async function points(name: string): Promise<MetricPoint[]> {
  await telemetry.settled();
  return pointsOf(await telemetry.metrics(), name);
}

/** Answers with the head and the first part of a body that never ends. */
function endlessServer() {
  return rawServer((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nfirst')),
  );
}

const ACTIVE = 'http.client.active_requests';

/** Each request is counted once: as under way and as ended, for as long as its span lasted. */
async function expectMeasured(attributes: Record<string, unknown>): Promise<void> {
  const { startTime, endTime } = await telemetry.only();
  const durations = await telemetry.durations();
  expect(durations).toEqual([{ count: 1, sum: expect.any(Number), attributes: expect.anything() }]);
  expect(durations[0]?.sum).toBeCloseTo(seconds(endTime) - seconds(startTime), 5);
  const { 'error.type': errorType, 'http.response.status_code': status } = durations[0]?.attributes ?? {};
  expect({ errorType, status }).toEqual({ errorType: undefined, status: undefined, ...attributes });
  expect((await points(ACTIVE)).map(({ value }) => value)).toEqual([0]);
}

describe.each(UNDICI_FLAVOURS)('$name: a request is measured once', ({ fetch, Agent }) => {
  const instrument = () => telemetry.instrument({ metrics: { [ACTIVE]: true } });

  function agentOf(options: ConstructorParameters<typeof Agent>[0] = {}) {
    const agent = new Agent(options);
    onTestFinished(() => agent.destroy());
    return agent;
  }

  it('that is refused', async () => {
    instrument();
    const url = `http://127.0.0.1:${await refusedPort()}/`;
    await expect(fetch(url, { dispatcher: agentOf() })).rejects.toThrow();
    await expectMeasured({ errorType: 'ECONNREFUSED' });
  });

  it('whose connection is reset', async () => {
    const { origin } = await resettingServer();
    instrument();
    await expect(fetch(origin, { dispatcher: agentOf() })).rejects.toThrow();
    await expectMeasured({ errorType: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) });
  });

  it('that the caller cancels before the response', async () => {
    const { origin, received } = await silentServer();
    instrument();
    const controller = new AbortController();
    const asked = fetch(origin, { dispatcher: agentOf(), signal: controller.signal });
    await received;
    controller.abort();
    await expect(asked).rejects.toThrow();
    await expectMeasured({});
  });

  it('whose body the caller cancels', async () => {
    const { origin } = await endlessServer();
    instrument();
    const response = await fetch(origin, { dispatcher: agentOf() });
    await response.body?.cancel();
    await expectMeasured({ status: 200 });
  });

  it('whose time is over', async () => {
    const { origin } = await silentServer();
    instrument();
    await expect(fetch(origin, { dispatcher: agentOf({ headersTimeout: 20 }) })).rejects.toThrow();
    await expectMeasured({ errorType: 'UND_ERR_HEADERS_TIMEOUT' });
  });

  it('whose client is destroyed', async () => {
    const { origin, received } = await silentServer();
    instrument();
    const agent = agentOf();
    const asked = fetch(origin, { dispatcher: agent });
    await received;
    await Promise.all([expect(asked).rejects.toThrow(), agent.destroy()]);
    await expectMeasured({ errorType: 'UND_ERR_DESTROYED' });
  });
});

describe('node:http: a request is measured once', () => {
  const instrument = () => telemetry.instrument({ metrics: { [ACTIVE]: true } });

  it('that is refused', async () => {
    instrument();
    const request = nodeRequest(`http://127.0.0.1:${await refusedPort()}/`).end();
    await once(request, 'error');
    await expectMeasured({ errorType: 'ECONNREFUSED' });
  });

  it('whose connection is reset', async () => {
    const { origin } = await resettingServer();
    instrument();
    await once(nodeRequest(origin).end(), 'error');
    await expectMeasured({ errorType: 'ECONNRESET' });
  });

  it('that the caller destroys before the response', async () => {
    const { origin, received } = await silentServer();
    instrument();
    const request = nodeRequest(origin).end();
    await received;
    request.destroy();
    await once(request, 'error');
    await expectMeasured({});
  });

  it('whose response the caller destroys', async () => {
    const { origin } = await endlessServer();
    instrument();
    const [response] = await once(nodeRequest(origin).end(), 'response');
    response.destroy();
    await expectMeasured({ status: 200 });
  });

  it('whose response nobody wants', async () => {
    const port = await listen(createServer((_req, res) => res.end('hello')));
    instrument();
    await once(nodeRequest(`http://127.0.0.1:${port}/`).end(), 'close');
    await expectMeasured({ status: 200 });
  });

  it('whose time is over', async () => {
    const { origin } = await silentServer();
    instrument();
    const request = nodeRequest(origin, { timeout: 20 }).end();
    request.on('timeout', () => request.destroy());
    await once(request, 'error');
    await expectMeasured({ errorType: 'TimeoutError' });
  });
});

describe('http.client.request.time_in_queue', () => {
  const QUEUE = 'http.client.request.time_in_queue';
  const instrument = () => telemetry.instrument({ metrics: { [QUEUE]: true } });

  it.each(UNDICI_FLAVOURS)(
    '$name: is the wait for a connection, and none if one was ready',
    async (flavour) => {
      const { port, mayAnswer } = await holdingServer();
      instrument();
      const client = new flavour.Client(`http://127.0.0.1:${port}`);
      onTestFinished(() => client.destroy());
      const ask = async () => (await client.request({ path: '/', method: 'GET' })).body.text();
      const both = [ask(), ask()];
      await setImmediate();
      mayAnswer();
      await Promise.all(both);
      await setImmediate();
      await setImmediate();
      await ask();
      const spans = await telemetry.finished();
      const waits = spans.map(({ attributes }) => Number(attributes['httptrace.getconn.duration']));
      const [point, ...more] = await points(QUEUE);
      expect([spans.length, more]).toEqual([3, []]);
      expect(point).toMatchObject({ count: 2 });
      expect(point?.value).toBeCloseTo((waits[0] ?? 0) + (waits[1] ?? 0), 6);
    },
  );

  it('also of a request that waited in vain', async () => {
    instrument();
    const port = await refusedPort();
    await once(nodeRequest(`http://127.0.0.1:${port}/`).end(), 'error');
    const { attributes } = await telemetry.only();
    expect(await points(QUEUE)).toEqual([
      {
        count: 1,
        value: attributes['httptrace.getconn.duration'],
        attributes: {
          'http.request.method': 'GET',
          'server.address': '127.0.0.1',
          'server.port': port,
          'url.scheme': 'http',
        },
      },
    ]);
  });

  it('and none of one that the caller gave up meanwhile', async () => {
    const { port } = await holdingServer();
    instrument();
    const agent = new Agent({ maxSockets: 1 });
    const [first, second] = [1, 2].map(() => nodeRequest(`http://127.0.0.1:${port}/`, { agent }).end());
    await once(first ?? process, 'socket');
    second?.on('error', () => undefined).destroy();
    first?.on('error', () => undefined);
    await setImmediate();
    first?.destroy();
    expect((await telemetry.finished()).length).toBe(2);
    expect((await points(QUEUE)).map(({ count }) => count)).toEqual([]);
  });
});

/** Answers nothing until `mayAnswer`, and everything from then on. */
async function holdingServer() {
  const { promise, resolve } = deferred();
  const port = await listen(createServer((_req, res) => void promise.then(() => res.end('hello'))));
  return { port, mayAnswer: () => resolve() };
}

describe('dns.lookup.duration', () => {
  const LOOKUP = 'dns.lookup.duration';
  const instrument = () => telemetry.instrument({ metrics: { [LOOKUP]: true } });

  it('is as long as the phase, and has the code of the resolver when it fails', async () => {
    instrument();
    const lookup: LookupFunction = (_host, _options, done) =>
      setTimeout(() => done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), '', 4), 20);
    const request = nodeRequest('http://missing.example/', { lookup }).end();
    await once(request, 'error');
    const { attributes } = await telemetry.only();
    const [point] = await points(LOOKUP);
    expect(point).toMatchObject({
      count: 1,
      attributes: { 'dns.question.name': 'missing.example', 'error.type': 'ENOTFOUND' },
    });
    expect(point?.value).toBeCloseTo(Number(attributes['httptrace.dns.duration']), 3);
    expect(point?.value).toBeGreaterThan(0.015);
  });

  it('is not measured of an address, nor of a connection that is there', async () => {
    const port = await listen(createServer((_req, res) => res.end('hello')));
    instrument();
    await once(nodeRequest(`http://127.0.0.1:${port}/`).end(), 'close');
    expect(await points(LOOKUP)).toEqual([]);
  });
});
