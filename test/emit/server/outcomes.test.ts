import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { eventsOf, useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();
const ERROR = { code: SpanStatusCode.ERROR };
const REQUEST = ['GET / HTTP/1.1', 'Host: a'];
const MUCH = Buffer.alloc(50_000_000);

/** Two ways to talk to a server: what is said of an aborted response must not depend on it. */
const TRANSPORTS: [string, (listener: RequestListener) => Server, (port: number) => Promise<RawClient>][] = [
  ['http', (listener) => createServer(listener), (port) => RawClient.connect(port)],
  [
    'https',
    (listener) => createSecureServer(certificate('localhost'), listener),
    (port) => RawClient.connectTls(port, Buffer.from(CA)),
  ],
];

describe.each(TRANSPORTS)('a client of %s that goes away', (_name, create, connect) => {
  async function abort(
    answer: (res: ServerResponse) => void,
    leave: (client: RawClient) => void | Promise<void>,
  ): Promise<void> {
    const server = create((_req, res) => answer(res));
    const client = await connect(await listen(server));
    client.send(REQUEST);
    await once(server, 'request');
    await leave(client);
    client.socket.destroy();
  }

  test('before the head', async () => {
    served.record();
    await abort(
      () => undefined,
      () => undefined,
    );
    const span = await served.only();
    expect(span.status).toEqual(ERROR);
    expect(span.attributes).toMatchObject({
      'error.type': 'ECONNRESET',
      'httptrace.aborted': true,
      'http.response.body.size': 0,
    });
    expect(span.attributes).not.toHaveProperty('http.response.status_code');
    expect(span.attributes).not.toHaveProperty('httptrace.first_byte.duration');
    expect(eventsOf(span)).toEqual([['http.response.aborted', { 'http.response.body.size': 0 }]]);
  });

  test('in the body', async () => {
    served.record();
    await abort(
      (res) => res.write('12345'),
      (client) => client.until('12345'),
    );
    const span = await served.only();
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.attributes).not.toHaveProperty('error.type');
    expect(span.attributes).toMatchObject({
      'http.response.status_code': 200,
      'http.response.body.size': 5,
      'httptrace.aborted': true,
    });
    expect(eventsOf(span)).toEqual([
      ['http.response.head', { 'http.response.status_code': 200 }],
      ['http.response.first_write', {}],
      ['http.response.aborted', { 'http.response.body.size': 5 }],
    ]);
  });

  test('when all is written and little of it is sent', async () => {
    served.record();
    await abort(
      (res) => res.end(MUCH),
      (client) => {
        client.socket.pause();
      },
    );
    const span = await served.only();
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'httptrace.aborted': true });
    const size = span.attributes['http.response.body.size'];
    expect(size).toBeLessThan(MUCH.length / 2);
    for (const { name, attributes } of span.events.slice(2)) {
      expect([name, attributes]).toEqual([name, { 'http.response.body.size': size }]);
    }
    expect(eventsOf(span).map(([name]) => name)).toEqual([
      'http.response.head',
      'http.response.first_write',
      'http.response.end',
      'http.response.aborted',
    ]);
  });

  test('after the end', async () => {
    served.record();
    await abort(
      (res) => res.end('12345'),
      (client) => client.until('12345'),
    );
    const span = await served.only();
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.attributes).not.toHaveProperty('httptrace.aborted');
  });

  test('in the middle of its own body', async () => {
    served.record();
    const server = create((req, res) => req.on('data', () => undefined).on('end', () => res.end()));
    const client = await connect(await listen(server));
    client.send(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 10'], '123');
    await once(server, 'request');
    client.socket.destroy();
    expect((await served.only()).attributes).toMatchObject({
      'error.type': 'ECONNRESET',
      'httptrace.aborted': true,
    });
  });
});

describe('a response that this side gives up', () => {
  async function serve(answer: (res: ServerResponse) => void): Promise<void> {
    const server = createServer((_req, res) => answer(res));
    const client = await RawClient.connect(await listen(server));
    client.send(REQUEST);
    await client.closed();
  }

  test('with an error has that error, and was not aborted', async () => {
    served.record();
    await serve((res) => {
      res.write('123');
      res.destroy(Object.assign(new Error('disk on fire'), { code: 'EIO' }));
    });
    const span = await served.only();
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'disk on fire' });
    expect(span.attributes).toMatchObject({ 'error.type': 'EIO', 'http.response.status_code': 200 });
    expect(span.attributes).not.toHaveProperty('httptrace.aborted');
  });

  test('without an error is one all the same, and was not aborted', async () => {
    served.record();
    await serve((res) => void res.destroy());
    const span = await served.only();
    expect(span.status).toEqual(ERROR);
    expect(span.attributes['error.type']).toBe('ECONNRESET');
    expect(span.attributes).not.toHaveProperty('httptrace.aborted');
  });

  test('because its request takes too long has the error of the timeout', async () => {
    served.record();
    const server = createServer(
      { requestTimeout: 500, headersTimeout: 500, connectionsCheckingInterval: 5 },
      (req) => req.resume(),
    );
    const client = await RawClient.connect(await listen(server));
    client.send(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 10'], '123');
    await client.closed();
    expect((await served.only()).attributes['error.type']).toBe('ERR_HTTP_REQUEST_TIMEOUT');
  });

  test('because its request cannot be parsed has the error of the parser', async () => {
    served.record();
    const server = createServer((req) => req.resume());
    const client = await RawClient.connect(await listen(server));
    client.send(['POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'], 'no chunk\r\n');
    await client.closed();
    expect((await served.only()).attributes['error.type']).toMatch(/^HPE_/);
  });
});

describe('a status', () => {
  test.each([
    [200, undefined],
    [302, undefined],
    [404, undefined],
    [499, undefined],
    [500, '500'],
    [503, '503'],
    [600, '600'],
    [999, '999'],
  ])('%i has the error.type %s', async (code, type) => {
    served.record();
    const port = await listen(createServer((_req, res) => res.writeHead(code).end()));
    const client = await RawClient.connect(port);
    client.send([...REQUEST, 'Connection: close']);
    await client.closed();
    const span = await served.only();
    expect(span.attributes['http.response.status_code']).toBe(code);
    expect(span.attributes['error.type']).toBe(type);
    expect(span.status).toEqual(type === undefined ? { code: SpanStatusCode.UNSET } : ERROR);
  });

  test('that is set and never written is not the status', async () => {
    served.record();
    const port = await listen(
      createServer((_req, res) => {
        res.statusCode = 404;
        res.destroy();
      }),
    );
    const client = await RawClient.connect(port);
    client.send(REQUEST);
    await client.closed();
    expect((await served.only()).attributes).not.toHaveProperty('http.response.status_code');
  });

  test('that is changed after the head was written is not the status', async () => {
    served.record();
    const port = await listen(
      createServer((_req, res) => {
        res.writeHead(201);
        res.statusCode = 500;
        res.end();
      }),
    );
    await rawRequest(port);
    expect((await served.only()).attributes['http.response.status_code']).toBe(201);
  });
});

test('writing after the end is an error of the response', async () => {
  served.record();
  const server = createServer((_req, res) => {
    res.on('error', () => undefined);
    res.end('1');
    res.write('2');
  });
  await rawRequest(await listen(server));
  const span = await served.only();
  expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'write after end' });
  expect(span.attributes).toMatchObject({
    'error.type': 'ERR_STREAM_WRITE_AFTER_END',
    'http.response.status_code': 200,
    'http.response.body.size': 1,
  });
});
