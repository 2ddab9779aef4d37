import { once } from 'node:events';
import {
  type ClientHttp2Session,
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectHttp2, http2Request } from '../../support/clients/http2-client.js';
import { listen } from '../../support/servers/listen.js';
import { eventsOf, useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

async function sessionWith(server: Http2Server): Promise<ClientHttp2Session> {
  const session = await connectHttp2(await listen(server));
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

function streamServer(serve: (stream: ServerHttp2Stream) => unknown): Http2Server {
  return createServer().on('stream', (stream) => {
    stream.on('error', () => undefined);
    serve(stream);
  });
}

/** Both APIs of a server answer the same, and the same is said of it. */
const APIS: [string, (body: string) => Http2Server][] = [
  ['compatibility API', (body) => createServer((_req, res) => res.writeHead(201).end(body))],
  [
    'stream API',
    (body) =>
      streamServer((stream) => {
        stream.respond({ ':status': 201 });
        stream.end(body);
      }),
  ],
];

describe.each(APIS)('a request to the %s', (_name, create) => {
  test('is one SERVER span with everything that the conventions want', async () => {
    served.record();
    const session = await sessionWith(create('hello'));
    await http2Request(session, {
      ':path': '/a?sig=x',
      ':authority': 'a.example:81',
      'user-agent': 'test/2',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    const span = await served.only();
    expect(span.name).toBe('GET');
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/a',
      'url.query': 'sig=REDACTED',
      'server.address': 'a.example',
      'server.port': 81,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': '2',
      'user_agent.original': 'test/2',
      'http.response.status_code': 201,
      'http.response.body.size': 5,
      'httptrace.first_byte.duration': expect.any(Number),
    });
    expect(eventsOf(span)).toEqual([
      ['http.response.head', { 'http.response.status_code': 201 }],
      ['http.response.first_write', {}],
      ['http.response.end', { 'http.response.body.size': 5 }],
    ]);
  });

  test('is one span for each stream of a connection', async () => {
    served.record();
    const session = await sessionWith(create('hello'));
    await Promise.all(['/1', '/2', '/3'].map((path) => http2Request(session, { ':path': path })));
    const spans = await served.spans(3);
    expect(spans.map(({ attributes }) => attributes['url.path']).sort()).toEqual(['/1', '/2', '/3']);
  });

  test('has no body when it is a HEAD', async () => {
    served.record();
    const session = await sessionWith(create(''));
    await http2Request(session, { ':method': 'HEAD' });
    const span = await served.only();
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 201, 'http.response.body.size': 0 });
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
  });

  test('finishes when the client goes away afterwards', async () => {
    served.record();
    const session = await sessionWith(create('hello'));
    await http2Request(session);
    session.destroy();
    expect((await served.only()).attributes).not.toHaveProperty('httptrace.aborted');
  });

  test('takes its scheme from the connection when the client claims a strange one', async () => {
    served.record();
    const session = await sessionWith(create(''));
    await http2Request(session, { ':scheme': 'gopher' });
    expect((await served.only()).attributes['url.scheme']).toBe('http');
  });
});

describe('a client that goes away', () => {
  const LEAVING: [
    string,
    (session: ClientHttp2Session, stream: ReturnType<ClientHttp2Session['request']>) => void,
  ][] = [
    ['resets the stream', (_session, stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ['drops the stream', (_session, stream) => void stream.destroy()],
    ['drops the connection', (session) => session.destroy()],
    ['breaks the connection', (session) => session.socket.resetAndDestroy?.() ?? session.destroy()],
  ];

  test.each(LEAVING)('and %s before the head', async (_how, leave) => {
    served.record();
    const server = streamServer(() => undefined);
    const session = await sessionWith(server);
    const stream = session.request().on('error', () => undefined);
    await once(server, 'stream');
    leave(session, stream);
    const span = await served.only();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes).toMatchObject({ 'error.type': 'ECONNRESET', 'httptrace.aborted': true });
    expect(span.attributes).not.toHaveProperty('http.response.status_code');
    expect(eventsOf(span)).toEqual([['http.response.aborted', { 'http.response.body.size': 0 }]]);
  });

  test.each(LEAVING)('and %s, after a HEAD whose compat response never closes', async (_how, leave) => {
    served.record();
    const server = createServer(() => undefined);
    const session = await sessionWith(server);
    const stream = session.request({ ':method': 'HEAD' }).on('error', () => undefined);
    await once(server, 'request');
    leave(session, stream);
    const span = await served.only();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes).toMatchObject({
      'http.request.method': 'HEAD',
      'error.type': 'ECONNRESET',
      'httptrace.aborted': true,
    });
  });

  test.each(LEAVING)('and %s in the body', async (_how, leave) => {
    served.record();
    const server = createServer((_req, res) => void res.write('12345'));
    const session = await sessionWith(server);
    const stream = session.request().on('error', () => undefined);
    await once(stream, 'data');
    leave(session, stream);
    const span = await served.only();
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.attributes).not.toHaveProperty('error.type');
    expect(span.attributes).toMatchObject({
      'http.response.status_code': 200,
      'http.response.body.size': 5,
      'httptrace.aborted': true,
    });
  });

  test('when all is written and little of it is sent', async () => {
    served.record();
    const server = createServer((_req, res) => res.end(Buffer.alloc(10_000_000)));
    const session = await sessionWith(server);
    const stream = session.request().on('error', () => undefined);
    await once(stream, 'response');
    stream.close(constants.NGHTTP2_CANCEL);
    const span = await served.only();
    expect(span.attributes).not.toHaveProperty('error.type');
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'httptrace.aborted': true });
    expect(span.attributes['http.response.body.size']).toBeLessThan(1_000_000);
    expect(span.events.map(({ name }) => name)).toContain('http.response.end');
  });

  test('with an error of its own is said to have aborted, with that error', async () => {
    served.record();
    const server = streamServer(() => undefined);
    const session = await sessionWith(server);
    const stream = session.request().on('error', () => undefined);
    await once(server, 'stream');
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    expect((await served.only()).attributes).toMatchObject({
      'error.type': 'ERR_HTTP2_STREAM_ERROR',
      'httptrace.aborted': true,
    });
  });
});

describe('a stream that this side gives up', () => {
  test.each<[string, (stream: ServerHttp2Stream) => void, string]>([
    [
      'with an error',
      (stream) => void stream.destroy(Object.assign(new Error('no'), { code: 'EIO' })),
      'EIO',
    ],
    ['with a code', (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM), 'ERR_HTTP2_STREAM_ERROR'],
    ['by cancelling it', (stream) => stream.close(constants.NGHTTP2_CANCEL), 'ECONNRESET'],
    ['without a reason', (stream) => void stream.destroy(), 'ECONNRESET'],
  ])('%s failed and was not aborted', async (_how, giveUp, type) => {
    served.record();
    const session = await sessionWith(streamServer(giveUp));
    await new Promise((resolve) =>
      session
        .request()
        .on('error', () => undefined)
        .on('close', resolve),
    );
    const span = await served.only();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes['error.type']).toBe(type);
    expect(span.attributes).not.toHaveProperty('httptrace.aborted');
  });

  test('whose connection it breaks before it answers failed and was not sent', async () => {
    served.record();
    const connections: Socket[] = [];
    const server = createServer((_req, res) => {
      connections[0]?.destroy();
      res.end('12345');
    });
    server.on('connection', (connection) => connections.push(connection));
    const session = await sessionWith(server);
    const stream = session.request();
    await once(stream, 'close');
    const span = await served.only();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes['error.type']).toBe('ECONNRESET');
    expect(span.attributes).not.toHaveProperty('httptrace.aborted');
  });

  test('finishes what is under way when the server says GOAWAY', async () => {
    served.record();
    const server = streamServer((stream) => {
      stream.session?.close();
      setImmediate(() => {
        stream.respond();
        stream.end('late');
      });
    });
    await http2Request(await sessionWith(server));
    expect((await served.only()).attributes).toMatchObject({
      'http.response.status_code': 200,
      'http.response.body.size': 4,
    });
  });
});
