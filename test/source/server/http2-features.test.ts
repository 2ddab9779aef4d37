import { once } from 'node:events';
import { mkdtemp, open, writeFile } from 'node:fs/promises';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectHttp2, http2Request } from '../../support/clients/http2-client.js';
import { CA, certificate } from '../../support/servers/certificates.js';
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

describe('a file that Node sends by itself', () => {
  async function file(text: string): Promise<string> {
    const path = join(await mkdtemp(join(tmpdir(), 'served-')), 'file');
    await writeFile(path, text);
    return path;
  }

  test('is as large as the head says', async () => {
    served.record();
    const path = await file('twelve bytes');
    const session = await sessionWith(streamServer((stream) => stream.respondWithFile(path)));
    await http2Request(session);
    const span = await served.only();
    expect(span.attributes).toMatchObject({
      'http.response.status_code': 200,
      'http.response.body.size': 12,
    });
    expect(span.events.map(({ name }) => name)).toEqual([
      'http.response.head',
      'http.response.first_write',
      'http.response.end',
    ]);
  });

  test('is of unknown size when nothing says it', async () => {
    served.record();
    const handle = await open(await file('twelve bytes'));
    onTestFinished(() => handle.close());
    const session = await sessionWith(streamServer((stream) => stream.respondWithFD(handle.fd)));
    expect((await http2Request(session)).body.length).toBe(12);
    const span = await served.only();
    expect(span.attributes).not.toHaveProperty('http.response.body.size');
    expect(span.attributes).not.toHaveProperty('error.type');
  });

  test('is of unknown size when the client goes away in the middle of it', async () => {
    served.record();
    const path = await file('x'.repeat(5_000_000));
    const session = await sessionWith(streamServer((stream) => stream.respondWithFile(path)));
    const stream = session.request().on('error', () => undefined);
    await once(stream, 'response');
    stream.close(constants.NGHTTP2_CANCEL);
    const span = await served.only();
    expect(span.attributes).not.toHaveProperty('error.type');
    expect(span.attributes['httptrace.aborted']).toBe(true);
    expect(span.attributes).not.toHaveProperty('http.response.body.size');
  });

  test('that cannot be opened is an error', async () => {
    served.record();
    const session = await sessionWith(streamServer((stream) => stream.respondWithFile('/does/not/exist')));
    await new Promise((resolve) =>
      session
        .request()
        .on('error', () => undefined)
        .on('close', resolve),
    );
    const { attributes } = await served.only();
    expect(attributes['error.type']).toBe('ENOENT');
    expect(attributes).not.toHaveProperty('httptrace.aborted');
  });
});

describe('what only HTTP/2 has', () => {
  test('a push is an event of the request that it belongs to, and its bytes are not counted there', async () => {
    served.record();
    const server = createServer((_req, res) => {
      res.createPushResponse({ ':path': '/style.css?v=1' }, (_error, push) => push.end('pushed'));
      res.end('page');
    });
    const session = await sessionWith(server);
    session.on('stream', (pushed) => pushed.resume());
    await http2Request(session);
    const span = await served.only();
    expect(eventsOf(span)).toContainEqual(['http.response.push', { 'url.path': '/style.css' }]);
    expect(span.attributes['http.response.body.size']).toBe(4);
  });

  test('push can be toggled', async () => {
    served.record({ hooks: { push: false } });
    const server = streamServer((stream) => {
      stream.pushStream({ ':path': '/a' }, (_error, push) => push.end());
      stream.respond();
      stream.end();
    });
    await http2Request(await sessionWith(server));
    expect((await served.only()).events.map(({ name }) => name)).not.toContain('http.response.push');
  });

  test('trailers change nothing', async () => {
    served.record();
    const server = streamServer((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ sum: '5' }));
      stream.end('hello');
    });
    await http2Request(await sessionWith(server));
    const span = await served.only();
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes['http.response.body.size']).toBe(5);
  });

  test('informational responses are events, those that Node sends by itself too', async () => {
    served.record();
    const server = createServer((_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      // Missing in Node's types.
      Reflect.apply(Reflect.get(res, 'flushHeaders'), res, []);
      res.end();
    });
    await http2Request(await sessionWith(server), { expect: '100-continue' });
    expect(eventsOf(await served.only())).toEqual([
      ['http.response.informational', { 'http.response.status_code': 100 }],
      ['http.response.informational', { 'http.response.status_code': 103 }],
      ['http.response.head', { 'http.response.status_code': 200 }],
      ['http.response.flush', {}],
      ['http.response.end', { 'http.response.body.size': 0 }],
    ]);
  });

  test('an expectation that nobody meets is answered, and recorded, once', async () => {
    served.record();
    const server = createServer((_req, res) => res.end());
    await http2Request(await sessionWith(server), { expect: 'miracles' });
    expect((await served.only()).attributes['http.response.status_code']).toBe(417);
  });

  test('a tunnel ends its span when it is opened', async () => {
    served.record();
    const server = createServer({ settings: { enableConnectProtocol: true } });
    const streams: ServerHttp2Stream[] = [];
    server.on('stream', (stream) => {
      streams.push(stream);
      stream.respond({ ':status': 200 });
    });
    const session = await sessionWith(server);
    await once(session, 'remoteSettings');
    const stream = session.request({
      ':method': 'CONNECT',
      ':protocol': 'WebSocket',
      ':scheme': 'http',
      ':path': '/chat',
      ':authority': 'a',
    });
    await once(stream, 'response');
    const span = await served.only();
    expect(streams[0]?.destroyed).toBe(false);
    expect(eventsOf(span)).toEqual([
      ['http.response.head', { 'http.response.status_code': 200 }],
      ['http.connection.hijacked', { 'network.protocol.name': 'websocket' }],
    ]);
    expect(span.attributes).not.toHaveProperty('http.response.body.size');
  });

  test('a tunnel that the compatibility API refuses is a plain request', async () => {
    served.record();
    const server = createServer((_req, res) => res.end());
    const session = await sessionWith(server);
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'a:443' }).end();
    await once(stream.resume(), 'close');
    const span = await served.only();
    expect(span.name).toBe('CONNECT');
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 405, 'server.port': 443 });
    expect(span.attributes).not.toHaveProperty('url.path');
  });

  test('a request that both APIs see is one span', async () => {
    served.record();
    const server = createServer((_req, res) => res.end('x'));
    server.on('stream', () => undefined);
    await http2Request(await sessionWith(server));
    expect((await served.only()).attributes['http.response.body.size']).toBe(1);
  });

  test('a compatibility response that is answered by its stream has what was really sent', async () => {
    served.record();
    const server = createServer((_req, res) => {
      res.stream.respond({ ':status': 404 });
      res.stream.end('gone');
    });
    await http2Request(await sessionWith(server));
    expect((await served.only()).attributes).toMatchObject({
      'http.response.status_code': 404,
      'http.response.body.size': 4,
    });
  });
});

describe('a secure server', () => {
  test('speaks HTTP/2', async () => {
    served.record();
    const server = createSecureServer(certificate('localhost'), (_req, res) => res.end('hi'));
    const port = await listen(server);
    const session = connect(`https://127.0.0.1:${port}`, { ca: CA, servername: 'localhost' });
    onTestFinished(() => session.destroy());
    await http2Request(session);
    expect((await served.only()).attributes).toMatchObject({
      'url.scheme': 'https',
      'network.protocol.version': '2',
      'server.address': 'localhost',
      'server.port': port,
    });
  });

  test('speaks HTTP/1.1 on the same port, if it was told to', async () => {
    served.record();
    const server = createSecureServer({ ...certificate('localhost'), allowHTTP1: true }, (_req, res) =>
      res.end('hi'),
    );
    const port = await listen(server);
    const req = request({ port, host: '127.0.0.1', servername: 'localhost', ca: CA, agent: false }).end();
    const [response] = await once(req, 'response');
    response.resume();
    const span = await served.only();
    expect(span.attributes).toMatchObject({
      'url.scheme': 'https',
      'network.protocol.version': '1.1',
      'http.response.body.size': 2,
    });
  });
});
