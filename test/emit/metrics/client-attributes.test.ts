import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askNode, nodeRequest } from '../../support/clients/node-clients.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { CA } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { http2Server, httpsServer } from '../../support/servers/truthful-server.js';
import { SOME_NUMBER } from '../../support/telemetry/expected-span.js';
import { type MetricPoint, pointsOf } from '../../support/telemetry/metric-points.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

async function points(name: string): Promise<MetricPoint[]> {
  await telemetry.settled();
  return pointsOf(await telemetry.metrics(), name);
}

async function attributesOf(name: string): Promise<unknown[]> {
  return (await points(name)).map(({ attributes }) => attributes);
}

const DURATION = 'http.client.request.duration';
const ACTIVE = 'http.client.active_requests';
const OPEN = 'http.client.open_connections';
const LIFETIME = 'http.client.connection.duration';
const SENT = 'http.client.request.body.size';
const RECEIVED = 'http.client.response.body.size';
const QUEUE = 'http.client.request.time_in_queue';
const LOOKUP = 'dns.lookup.duration';
const PHASE = 'httptrace.client.phase.duration';

const ALL_ON = Object.fromEntries(
  [DURATION, ACTIVE, OPEN, LIFETIME, SENT, RECEIVED, QUEUE, LOOKUP, PHASE].map((name) => [name, true]),
);

const OPT_INS = ['url.scheme', 'url.template', 'network.peer.address'];

/** Names the template of a request, which no client knows by itself. */
const startSpanHook = () => ({ 'url.template': '/items/{id}' });

function serve(status = 200): Promise<number> {
  return listen(createServer((_req, res) => res.writeHead(status).end('hello')));
}

async function ask(port: number): Promise<void> {
  await askNode(`http://localhost:${port}/items/7?q=1`, { agent: false });
}

describe('what each metric of a client says of a request', () => {
  it('by default', async () => {
    const port = await serve();
    telemetry.instrument({ metrics: ALL_ON });
    await ask(port);
    const server = { 'server.address': 'localhost', 'server.port': port };
    const requested = { ...server, 'http.request.method': 'GET' };
    const answered = {
      ...requested,
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
    };
    const connection = { ...server, 'network.protocol.version': '1.1' };
    expect(await attributesOf(DURATION)).toEqual([answered]);
    expect(await attributesOf(ACTIVE)).toEqual([requested]);
    expect(await attributesOf(SENT)).toEqual([answered]);
    expect(await attributesOf(RECEIVED)).toEqual([answered]);
    expect(await attributesOf(QUEUE)).toEqual([
      { ...requested, 'network.protocol.version': '1.1', 'url.scheme': 'http' },
    ]);
    expect(await attributesOf(LOOKUP)).toEqual([{ 'dns.question.name': 'localhost' }]);
    expect(await attributesOf(PHASE)).toEqual(
      ['getconn', 'dns', 'connect', 'send', 'wait', 'receive'].map((phase) => ({
        ...answered,
        'httptrace.phase': phase,
      })),
    );
    await expect.poll(() => points(LIFETIME)).toMatchObject([{ count: 1, attributes: connection }]);
    expect(await points(OPEN)).toEqual([
      { attributes: { ...connection, 'http.connection.state': 'idle' }, value: 0 },
      { attributes: { ...connection, 'http.connection.state': 'active' }, value: 0 },
    ]);
  });

  it('with all that can be asked for', async () => {
    const port = await serve();
    telemetry.instrument({ metrics: ALL_ON, optInAttributes: OPT_INS, client: { startSpanHook } });
    await ask(port);
    const server = { 'server.address': 'localhost', 'server.port': port, 'url.scheme': 'http' };
    const requested = { ...server, 'http.request.method': 'GET', 'url.template': '/items/{id}' };
    const answered = {
      ...requested,
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
    };
    const connection = {
      ...server,
      'network.protocol.version': '1.1',
      'network.peer.address': '127.0.0.1',
    };
    expect(await attributesOf(DURATION)).toEqual([answered]);
    expect(await attributesOf(ACTIVE)).toEqual([requested]);
    expect(await attributesOf(SENT)).toEqual([answered]);
    expect(await attributesOf(RECEIVED)).toEqual([answered]);
    expect(await attributesOf(LOOKUP)).toEqual([{ 'dns.question.name': 'localhost' }]);
    expect((await attributesOf(PHASE))[0]).toEqual({ ...answered, 'httptrace.phase': 'getconn' });
    await expect.poll(() => attributesOf(LIFETIME)).toEqual([connection]);
    expect(await attributesOf(OPEN)).toEqual([
      { ...connection, 'http.connection.state': 'idle' },
      { ...connection, 'http.connection.state': 'active' },
    ]);
  });

  it('a template, without being asked for by name, is on the sizes and the count, and in the name of the span', async () => {
    const port = await serve();
    telemetry.instrument({ metrics: ALL_ON, client: { startSpanHook } });
    await ask(port);
    expect((await telemetry.only()).name).toBe('GET /items/{id}');
    const hasTemplate = async (name: string): Promise<boolean[]> =>
      (await points(name)).map(({ attributes }) => attributes['url.template'] === '/items/{id}');
    expect(await hasTemplate(SENT)).toEqual([true]);
    expect(await hasTemplate(RECEIVED)).toEqual([true]);
    expect(await hasTemplate(ACTIVE)).toEqual([true]);
    expect(await hasTemplate(DURATION)).toEqual([false]);
    expect(await hasTemplate(PHASE)).not.toContain(true);
  });

  it.each([
    [404, '404'],
    [503, '503'],
    [302, undefined],
  ])('the status %d', async (status, errorType) => {
    const port = await serve(status);
    telemetry.instrument();
    await ask(port);
    const [attributes] = await attributesOf(DURATION);
    expect(attributes).toMatchObject({ 'http.response.status_code': status });
    expect(Reflect.get(Object(attributes), 'error.type')).toBe(errorType);
  });

  it('a failure before there is a connection', async () => {
    const port = await refusedPort();
    telemetry.instrument({ metrics: { [PHASE]: true } });
    await expect(ask(port)).rejects.toThrow();
    const failed = {
      'http.request.method': 'GET',
      'server.address': 'localhost',
      'server.port': port,
      'error.type': 'ECONNREFUSED',
    };
    expect(await attributesOf(DURATION)).toEqual([failed]);
    expect(await attributesOf(PHASE)).toEqual(
      ['getconn', 'dns', 'connect'].map((phase) => ({ ...failed, 'httptrace.phase': phase })),
    );
  });

  it('whom the Host header names', async () => {
    const port = await serve();
    telemetry.instrument();
    await askNode(`http://127.0.0.1:${port}/`, { headers: { Host: 'tenant.example:8443' } });
    expect(await attributesOf(DURATION)).toMatchObject([
      { 'server.address': 'tenant.example', 'server.port': 8443 },
    ]);
  });

  it('a method that nobody knows is one of the others', async () => {
    const port = await serve();
    telemetry.instrument({ metrics: ALL_ON });
    const request = nodeRequest(`http://127.0.0.1:${port}/`, { method: 'PROPFIND' }).end();
    await new Promise((resolve) => request.on('response', (res) => res.resume().on('close', resolve)));
    for (const name of [DURATION, ACTIVE, SENT, RECEIVED, QUEUE]) {
      expect([name, ...(await attributesOf(name))]).toMatchObject([
        name,
        { 'http.request.method': '_OTHER' },
      ]);
    }
  });

  it.each(UNDICI_FLAVOURS)('$name: a template names the span and the metric', async ({ fetch, Agent }) => {
    const agent = new Agent();
    onTestFinished(() => agent.destroy());
    telemetry.instrument({ client: { startSpanHook }, optInAttributes: ['url.template'] });
    await (await fetch(`http://127.0.0.1:${await serve()}/items/1`, { dispatcher: agent })).text();
    expect((await telemetry.only()).name).toBe('GET /items/{id}');
    expect(await attributesOf(DURATION)).toMatchObject([{ 'url.template': '/items/{id}' }]);
  });

  it.each(UNDICI_FLAVOURS)('$name: HTTP/2', async ({ fetch, Agent }) => {
    const { port } = await http2Server();
    telemetry.instrument({ metrics: ALL_ON });
    const agent = new Agent({ allowH2: true, connect: { ca: CA } });
    onTestFinished(() => agent.destroy());
    await (await fetch(`https://localhost:${port}/`, { dispatcher: agent })).text();
    for (const name of [DURATION, SENT, QUEUE]) {
      expect([name, ...(await attributesOf(name))]).toMatchObject([
        name,
        { 'network.protocol.version': '2' },
      ]);
    }
    expect(await attributesOf(OPEN)).toMatchObject([
      { 'network.protocol.version': '2', 'http.connection.state': 'idle' },
      { 'network.protocol.version': '2', 'http.connection.state': 'active' },
    ]);
  });

  it('phases over TLS', async () => {
    const { port } = await httpsServer();
    telemetry.instrument({ metrics: { [PHASE]: true } });
    await askNode(`https://localhost:${port}/`, { ca: CA, agent: false });
    const { attributes } = await telemetry.only();
    expect(
      (await points(PHASE)).map(({ attributes, value }) => [attributes['httptrace.phase'], value]),
    ).toEqual(
      ['getconn', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'].map((phase) => [
        phase,
        attributes[`httptrace.${phase}.duration`] ?? SOME_NUMBER,
      ]),
    );
  });
});
