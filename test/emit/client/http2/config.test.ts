import type { ClientHttp2Stream } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { askHttp2, openSession, resultOf } from '../../../support/clients/http2-sessions.js';
import { UNDICI_FLAVOURS } from '../../../support/clients/undici-flavours.js';
import { CA } from '../../../support/servers/certificates.js';
import { streamServer } from '../../../support/servers/stream-server.js';
import { http2Server } from '../../../support/servers/truthful-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

describe('the span of a request over node:http2', () => {
  it('says what section 1 of the conventions says', async () => {
    const { origin, port } = await streamServer((stream) => {
      stream.respond({ ':status': 201, 'x-answer': ['a', 'b'] });
      stream.end('hello');
    });
    telemetry.instrument({
      client: {
        headersToSpanAttributes: {
          requestHeaders: ['X-Asked', ':path', 'authorization'],
          responseHeaders: ['x-answer', ':status'],
        },
      },
      optInAttributes: [
        'http.request.body.size',
        'http.response.body.size',
        'url.scheme',
        'network.transport',
        'user_agent.original',
      ],
    });
    const stream = openSession(origin).request({
      ':method': 'PUT',
      ':path': '/a?b=1&sig=secret',
      'X-Asked': 'yes',
      authorization: 'Basic secret',
      'user-agent': 'me/1',
    });
    stream.write('grüß');
    stream.end('e');
    await resultOf(stream);
    const { name, kind, status, attributes } = await telemetry.onlyShown();
    expect({ name, kind, status }).toEqual({ name: 'PUT', kind: 'CLIENT', status: { code: 'UNSET' } });
    const { 'network.peer.port': peerPort, ...rest } = attributes;
    expect(peerPort).toBe(port);
    expect(Object.fromEntries(Object.entries(rest).filter(([key]) => !key.endsWith('.duration')))).toEqual({
      'http.request.method': 'PUT',
      'url.full': `${origin}/a?b=1&sig=REDACTED`,
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'server.port': port,
      'user_agent.original': 'me/1',
      'http.response.status_code': 201,
      'network.protocol.version': '2',
      'network.peer.address': '127.0.0.1',
      'network.transport': 'tcp',
      'http.request.header.x-asked': ['yes'],
      'http.request.header.authorization': ['REDACTED'],
      'http.response.header.x-answer': ['a', 'b'],
      'http.request.body.size': 7,
      'http.response.body.size': 5,
      'http.conn.reused': false,
    });
  });

  it.each([
    ['the authority of the session', {}, 'http://127.0.0.1:PORT/', '127.0.0.1', 'PORT'],
    ['that of the request', { ':authority': 'example.com' }, 'http://example.com/', 'example.com', 80],
    ['its host', { host: 'example.com:81' }, 'http://example.com:81/', 'example.com', 81],
    ['its scheme', { ':scheme': 'https' }, 'https://127.0.0.1:PORT/', '127.0.0.1', 'PORT'],
  ])('names whom it asks for: %s', async (_name, headers, url, address, serverPort) => {
    const { origin, port } = await streamServer();
    telemetry.instrument();
    await askHttp2(openSession(origin), headers);
    expect((await telemetry.only()).attributes).toMatchObject({
      'url.full': url.replace('PORT', String(port)),
      'server.address': address,
      'server.port': serverPort === 'PORT' ? port : serverPort,
    });
  });

  it('names an IPv6 address in brackets, where Node leaves them out', async () => {
    const { origin, port } = await streamServer(undefined, { host: '::1' });
    telemetry.instrument();
    await askHttp2(openSession(origin));
    expect((await telemetry.only()).attributes).toMatchObject({
      'url.full': `http://[::1]:${port}/`,
      'server.address': '::1',
      'server.port': port,
    });
  });

  it('is none for a tunnel, and one to the hand-over for another protocol', async () => {
    const { origin } = await streamServer((stream) => stream.respond({ ':status': 200 }), {
      settings: { enableConnectProtocol: true },
    });
    telemetry.instrument();
    const session = openSession(origin);
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    const tunnel = session.request({ ':method': 'CONNECT', ':authority': 'example.com:443' });
    const socket = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' });
    const span = await telemetry.only();
    expect(span.attributes).toMatchObject({
      'http.request.method': 'CONNECT',
      'url.full': `${origin}/chat`,
      'http.response.status_code': 200,
    });
    expect([tunnel.destroyed, socket.destroyed]).toEqual([false, false]);
  });
});

describe('the hooks of the config, for node:http2', () => {
  it('are given the stream and its response, and before there is one what it will be', async () => {
    const { origin, port } = await streamServer((stream) => {
      stream.respond({ ':status': 200, 'x-answer': 'yes' });
      stream.end();
    });
    const given: Record<string, unknown> = {};
    telemetry.instrument({
      client: {
        ignoreRequestHook: (options) => {
          given.ignored = options;
          return false;
        },
        startSpanHook: (options) => {
          given.started = options;
          return { 'url.template': '/items/{id}' };
        },
        requestHook: (span, request) => {
          given.request = request;
          span.setAttribute('my.request', true);
        },
        responseHook: (_span, response) => {
          given.response = response;
        },
        applyCustomAttributesOnSpan: (_span, request, response) => {
          given.applied = [request, response];
        },
      },
      metricAttributesHook: (_side, request, response) => {
        given.measured = [request, response];
        return {};
      },
    });
    const stream = openSession(origin).request({ ':path': '/items/1', 'x-asked': 'yes' });
    await resultOf(stream);
    const span = await telemetry.onlyShown();
    expect(span.name).toBe('GET /items/{id}');
    expect(span.attributes['my.request']).toBe(true);
    const options = {
      protocol: 'http:',
      host: '127.0.0.1',
      port,
      method: 'GET',
      path: '/items/1',
      headers: { ':path': '/items/1', 'x-asked': 'yes' },
    };
    expect(given.ignored).toEqual(options);
    expect(given.started).toEqual(options);
    expect(given.request).toBe(stream);
    const response = {
      statusCode: 200,
      headers: expect.objectContaining({ ':status': 200, 'x-answer': 'yes' }),
    };
    expect(given.response).toEqual(response);
    expect(given.applied).toEqual([stream, response]);
    expect(given.measured).toEqual([stream, response]);
  });

  it('leave out what they ignore, and what ignoreUrls names', async () => {
    const { origin } = await streamServer();
    const instrumentation = telemetry.instrument({
      client: {
        ignoreUrls: ['/health'],
        ignoreRequestHook: (options) => 'path' in options && options.path === '/mine',
      },
    });
    const session = openSession(origin);
    for (const path of ['/health', '/mine', '/other']) {
      await askHttp2(session, { ':path': path });
    }
    expect((await telemetry.only()).attributes['url.full']).toBe(`${origin}/other`);
    expect(instrumentation.status().sources['node:http2'].requests).toMatchObject({
      recorded: 1,
      ignored: 2,
    });
  });

  it('get the span of another instrumentation by useSpan, for the stream', async () => {
    const { origin } = await streamServer();
    const { useSpan } = telemetry.instrument({ client: { span: 'existing' } });
    const other = telemetry.tracerProvider.getTracer('other').startSpan('other', { kind: 2 });
    const stream: ClientHttp2Stream = openSession(origin).request();
    useSpan(other, stream);
    await resultOf(stream);
    other.end();
    const span = await telemetry.only();
    expect(span.name).toBe('other');
    expect(span.events.map(({ name }) => name)).toContain('http.receive.start');
    expect(span.attributes['httptrace.wait.duration']).toBeGreaterThan(0);
  });
});

describe('phases of node:http2', () => {
  it('linked-spans: a set-up for each session, linked to each request on it', async () => {
    const { origin, port } = await streamServer(undefined, { tls: true });
    telemetry.instrument({ client: { phases: 'linked-spans' } });
    const session = openSession(origin, { ca: CA });
    await askHttp2(session);
    await askHttp2(session);
    const spans = await telemetry.all();
    const setup = spans.find(({ name }) => name === `HTTP connection_setup 127.0.0.1:${port}`);
    expect(spans.map(({ name }) => name).sort()).toEqual([
      'GET',
      'GET',
      `HTTP connection_setup 127.0.0.1:${port}`,
      `HTTP wait_for_connection 127.0.0.1:${port}`,
      'TLS client handshake 127.0.0.1',
      `socket connect 127.0.0.1:${port}`,
    ]);
    for (const { links } of spans.filter(({ name }) => name === 'GET')) {
      expect(links.map(({ context }) => context.spanId)).toEqual([setup?.spanContext().spanId]);
    }
  });
});

describe.each(UNDICI_FLAVOURS)('$name over HTTP/2', (flavour) => {
  it('is told once, by its own source', async () => {
    const { origin } = await http2Server();
    const instrumentation = telemetry.instrument();
    const client = new flavour.Client(origin, { allowH2: true, connect: { ca: CA } });
    const response = await client.request({ path: '/', method: 'GET' });
    await response.body.text();
    await client.close();
    expect(await telemetry.finished()).toHaveLength(1);
    const { sources } = instrumentation.status();
    expect(sources.undici.requests.recorded).toBe(1);
    expect(sources['node:http2'].requests.recorded).toBe(0);
  });
});
