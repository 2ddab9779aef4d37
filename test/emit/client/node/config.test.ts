import * as http from 'node:http';
import * as net from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ClientHookName } from '../../../../src/config/types.js';
import { answerOf, askNode, httpAgent, nodeRequest } from '../../../support/clients/node-clients.js';
import { onEachHead, rawServer } from '../../../support/servers/raw-server.js';
import { httpServer } from '../../../support/servers/truthful-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

describe('the hooks of the config, for node:http', () => {
  it('are given what those of instrumentation-http are given', async () => {
    const { origin, port } = await httpServer();
    const given: unknown[] = [];
    const agent = httpAgent();
    telemetry.instrument({
      client: {
        ignoreRequestHook: (options) => {
          given.push(options);
          return false;
        },
        startSpanHook: (options) => {
          given.push(options);
          return { 'my.start': 'method' in options ? String(options.method) : '' };
        },
        requestHook: (span, request) => {
          given.push(request);
          span.setAttribute('my.request', true);
        },
        responseHook: (span, response) => {
          given.push(response);
          span.setAttribute('my.response', 'statusCode' in response ? Number(response.statusCode) : 0);
        },
      },
    });
    await askNode(`${origin}/a?b=1`, { method: 'PUT', headers: { 'x-one': '1' }, agent });

    const [ignored, started, request, response] = given;
    expect(ignored).toMatchObject({
      protocol: 'http:',
      hostname: '127.0.0.1',
      host: '127.0.0.1',
      path: '/a?b=1',
      method: 'PUT',
      headers: { 'x-one': '1' },
    });
    expect(Number((ignored as http.RequestOptions).port)).toBe(port);
    expect(started).toBe(ignored);
    expect(request).toBeInstanceOf(http.ClientRequest);
    expect(response).toBeInstanceOf(http.IncomingMessage);
    expect((await telemetry.onlyShown()).attributes).toMatchObject({
      'my.start': 'PUT',
      'my.request': true,
      'my.response': 200,
    });
  });

  it('are given what is known of a request without an agent', async () => {
    const { origin, port } = await httpServer();
    const given: unknown[] = [];
    telemetry.instrument({ client: { startSpanHook: (options) => ({ 'my.n': given.push(options) }) } });
    await askNode(`${origin}/a`, {
      createConnection: () => net.connect(port, '127.0.0.1'),
      headers: { 'X-One': '1' },
    });
    expect(given).toEqual([
      {
        protocol: 'http:',
        host: '127.0.0.1',
        port: String(port),
        path: '/a',
        method: 'GET',
        headers: expect.objectContaining({ 'x-one': '1' }),
      },
    ]);
  });

  it('can ignore a request, which gets no trace headers then', async () => {
    const { origin } = await httpServer((req, res) => res.end(String(req.headers.traceparent)));
    telemetry.instrument({
      client: { ignoreRequestHook: (options) => 'path' in options && options.path === '/no' },
    });
    const agent = httpAgent();
    expect((await askNode(`${origin}/no`, { agent })).body).toBe('undefined');
    expect((await askNode(`${origin}/yes`, { agent })).body).toMatch(/^00-/);
    const { attributes } = await telemetry.onlyShown();
    // That the connection carried a request is known all the same.
    expect(attributes).toMatchObject({ 'url.full': `${origin}/yes`, 'http.conn.reused': true });
  });

  it('change nothing when they throw', async () => {
    const { origin } = await httpServer();
    const thrower = () => {
      throw new Error('a hook');
    };
    telemetry.instrument({
      client: {
        ignoreRequestHook: thrower,
        startSpanHook: thrower,
        requestHook: thrower,
        responseHook: thrower,
      },
    });
    expect(await askNode(origin, { agent: httpAgent() })).toMatchObject({ status: 200, body: 'ok' });
    expect(await telemetry.onlyShown()).toMatchObject({ status: { code: 'UNSET' } });
  });
});

describe('the toggles of the hooks, for node:http', () => {
  const EVENTS: Partial<Record<ClientHookName, string>> = {
    getConn: 'http.getconn.start',
    gotConn: 'http.getconn.done',
    connectStart: 'http.connect.start',
    connectDone: 'http.connect.done',
    wroteHeaders: 'http.send.start',
    wait100Continue: 'GOT 100 - Wait',
    wroteRequest: 'http.send.done',
    gotFirstResponseByte: 'http.receive.start',
    got100Continue: 'GOT 100 - Continue',
    got1xxResponse: 'GOT 1xx',
    putIdleConn: 'http.receive.done',
  };

  it.each(Object.entries(EVENTS))('%s: false leaves out %s alone', async (hook, event) => {
    const { origin } = await httpServer((req, res) => req.resume().on('end', () => res.end()));
    telemetry.instrument({ client: { hooks: { [hook]: false } } });
    await askNode(origin, { method: 'PUT', body: 'hello', expectContinue: true, agent: httpAgent() });
    const { events } = await telemetry.onlyShown();
    expect(new Set(events.map(([name]) => name))).toEqual(
      new Set(Object.values(EVENTS).filter((name) => name !== event)),
    );
  });

  it('wroteHeaderField: true records the fields as they are sent', async () => {
    const { origin, port } = await httpServer();
    telemetry.instrument({ client: { hooks: { wroteHeaderField: true } } });
    const request = nodeRequest(origin, { agent: httpAgent(), method: 'POST' });
    request.setHeader('X-Many', ['1', '2']);
    request.setHeader('Authorization', 'Bearer secret');
    const answer = answerOf(request);
    request.end('hello');
    await answer;
    const { attributes } = await telemetry.onlyShown();
    expect(attributes).toMatchObject({
      'http.request.header.host': [`127.0.0.1:${port}`],
      'http.request.header.x-many': ['1', '2'],
      'http.request.header.authorization': ['REDACTED'],
      'http.request.header.content-length': ['5'],
      'http.request.header.connection': ['keep-alive'],
    });
  });
});

describe('captured headers, for node:http', () => {
  const captured = {
    requestHeaders: ['X-One', 'User-Agent', 'Cookie'],
    responseHeaders: ['X-Two', 'set-cookie'],
  };

  it.each([
    ['an object', { 'X-One': ['1', '2'], 'user-agent': 'mine', cookie: 'a=secret' }],
    [
      'an array',
      ['Host', 'a.example', 'X-One', '1', 'x-one', '2', 'User-Agent', 'mine', 'Cookie', 'a=secret'],
    ],
  ])('are on the span, when those of the request are %s', async (_name, headers) => {
    const { origin } = await httpServer((_req, res) =>
      res.setHeader('x-two', ['3', '4']).setHeader('set-cookie', 'b=secret').end(),
    );
    telemetry.instrument({
      client: { headersToSpanAttributes: captured },
      optInAttributes: ['user_agent.original'],
    });
    await askNode(origin, { agent: httpAgent(), headers: headers as http.OutgoingHttpHeaders });
    expect((await telemetry.onlyShown()).attributes).toMatchObject({
      'http.request.header.x-one': ['1', '2'],
      'http.request.header.user-agent': ['mine'],
      'http.request.header.cookie': ['REDACTED'],
      'http.response.header.x-two': ['3', '4'],
      'http.response.header.set-cookie': ['REDACTED'],
      'user_agent.original': 'mine',
    });
  });

  it('are those that were set last before they were sent', async () => {
    const { origin } = await httpServer();
    telemetry.instrument({ client: { headersToSpanAttributes: { requestHeaders: ['x-one'] } } });
    const request = nodeRequest(origin, { agent: httpAgent(), headers: { 'x-one': 'first' } });
    request.setHeader('x-one', 'last');
    const answer = answerOf(request);
    request.end();
    await answer;
    expect((await telemetry.onlyShown()).attributes).toMatchObject({ 'http.request.header.x-one': ['last'] });
  });
});

describe('the other settings, for node:http', () => {
  it('phases: attributes records no events', async () => {
    const { origin } = await httpServer();
    telemetry.instrument({ client: { phases: 'attributes' } });
    await askNode(origin, { agent: httpAgent() });
    const { attributes, events } = await telemetry.onlyShown();
    expect(events).toEqual([]);
    expect(attributes).toHaveProperty(['httptrace.connect.duration']);
  });

  it('phases: spans links the connection, which has a trace of its own', async () => {
    const { origin } = await httpServer();
    telemetry.instrument({ client: { phases: 'linked-spans' } });
    await askNode(origin, { agent: httpAgent() });
    const span = await telemetry.only();
    const { traceId } = span.spanContext();
    expect(span.links.map(({ context }) => context.traceId === traceId)).toEqual([false]);
    expect(span.events.map(({ name }) => name)).toEqual([
      'http.send.start',
      'http.send.done',
      'http.receive.start',
      'http.receive.done',
    ]);
  });

  it('requireParentforSpans records what has a parent', async () => {
    const { origin } = await httpServer();
    telemetry.instrument({ client: { requireParentforSpans: true } });
    const agent = httpAgent();
    await askNode(`${origin}/alone`, { agent });
    await telemetry.within(() => askNode(`${origin}/child`, { agent }));
    expect((await telemetry.onlyShown()).attributes['url.full']).toBe(`${origin}/child`);
  });

  it('ignoreUrls leaves out health checks', async () => {
    const { origin } = await httpServer();
    telemetry.instrument({ client: { ignoreUrls: ['/health*'] } });
    const agent = httpAgent();
    await askNode(`${origin}/healthz`, { agent });
    await askNode(`${origin}/else`, { agent });
    expect((await telemetry.onlyShown()).attributes['url.full']).toBe(`${origin}/else`);
  });

  it('what is switched off is not observed, and a request under way is finished', async () => {
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () =>
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), 20),
      ),
    );
    const instrumentation = telemetry.instrument();
    const agent = httpAgent({ maxSockets: 1 });
    const first = askNode(`${origin}/first`, { agent });
    instrumentation.disable();
    await Promise.all([first, askNode(`${origin}/second`, { agent })]);
    instrumentation.enable();
    await askNode(`${origin}/third`, { agent });
    const spans = await telemetry.shown();
    expect(spans.map(({ attributes }) => attributes['url.full'])).toEqual([
      `${origin}/first`,
      `${origin}/third`,
    ]);
    expect(spans[1]?.attributes['http.conn.reused']).toBe(true);
  });
});
