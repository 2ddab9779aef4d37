import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { constants, createServer as createHttp2Server } from 'node:http2';
import { createServer as createSecureServer } from 'node:https';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, onTestFinished, test } from 'vitest';
import { captureMetrics, type Metrics } from '../../../src/httpsnoop/index.js';
import { connectHttp2 } from '../../support/clients/http2-client.js';
import { RawClient } from '../../support/clients/raw-client.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();
const REQUEST = ['GET / HTTP/1.1', 'Host: a'];

/** Far more than two sockets hold between them. */
const ALL = 60_000_000;
const PIECE = 10_000;

const ANSWERS: [string, RequestListener][] = [
  ['at once', (_req, res) => void res.end(Buffer.alloc(ALL))],
  [
    'in pieces, without waiting',
    (_req, res) => {
      for (let sent = 0; sent < ALL; sent += PIECE) {
        res.write(Buffer.alloc(PIECE));
      }
      res.end();
    },
  ],
  [
    'in pieces of a known length',
    (_req, res) => {
      res.setHeader('Content-Length', ALL);
      for (let sent = 0; sent < ALL; sent += PIECE) {
        res.write(Buffer.alloc(PIECE));
      }
    },
  ],
];

/** The size of the body by the span and by each of its events that has it. */
function sizesOf(span: ReadableSpan): unknown[] {
  return [span, ...span.events].flatMap(({ attributes }) => attributes?.['http.response.body.size'] ?? []);
}

const TRANSPORTS: [string, (listener: RequestListener) => Server, (port: number) => Promise<RawClient>][] = [
  ['http', createServer, (port) => RawClient.connect(port)],
  [
    'https',
    (listener) => createSecureServer(certificate('localhost'), listener),
    (port) => RawClient.connectTls(port, Buffer.from(CA)),
  ],
];

describe.each(TRANSPORTS)('of a body over %s that is cut off', (_transport, create, connect) => {
  test.each(ANSWERS)('and was given %s, the size is what was sent', async (_how, answer) => {
    served.record();
    const captured: Promise<Metrics>[] = [];
    const server = create((req, res) => void captured.push(captureMetrics(answer, req, res)));
    const client = await connect(await listen(server));
    client.send(REQUEST);
    while (client.received.length < 300_000) {
      await once(client.socket, 'data');
    }
    client.socket.destroy();
    const span = await served.only();
    const size = span.attributes['http.response.body.size'];
    // What arrived has a head, and chunks may have been cut.
    expect(size).toBeGreaterThanOrEqual(client.received.length - 500);
    expect(size).toBeLessThan(ALL / 2);
    expect((await captured[0])?.written).toBe(size);
    expect(new Set(sizesOf(span))).toEqual(new Set([size]));
    expect(span.attributes['httptrace.aborted']).toBe(true);
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
  });
});

const LEAVING: [string, (session: Awaited<ReturnType<typeof connectHttp2>>) => void][] = [
  ['the stream is reset', () => undefined],
  ['the connection is closed', (session) => session.destroy()],
];

test.each(LEAVING)('of a body over HTTP/2 the size is what was sent, if %s', async (_how, leave) => {
  served.record();
  const captured: Promise<Metrics>[] = [];
  const server = createHttp2Server((req, res) => {
    captured.push(captureMetrics(() => res.end(Buffer.alloc(ALL)), req, res));
  });
  const session = await connectHttp2(await listen(server));
  onTestFinished(() => session.destroy());
  const stream = session.request().on('error', () => undefined);
  let received = 0;
  while (received < 300_000) {
    const [data] = await once(stream, 'data');
    received += data.length;
  }
  stream.close(constants.NGHTTP2_CANCEL);
  leave(session);
  const span = await served.only();
  const size = span.attributes['http.response.body.size'];
  expect(size).toBeGreaterThanOrEqual(received);
  expect(size).toBeLessThan(ALL / 2);
  expect((await captured[0])?.written).toBe(size);
  expect(new Set(sizesOf(span))).toEqual(new Set([size]));
  expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
});

test('of a pipelined response that never has its turn nothing is sent', async () => {
  served.record();
  const captured: Promise<Metrics>[] = [];
  const server = createServer((req, res) => {
    captured.push(captureMetrics(() => req.url === '/2' && res.end('never sent'), req, res));
  });
  const client = await RawClient.connect(await listen(server));
  client.send(['GET /1 HTTP/1.1', 'Host: a', '', 'GET /2 HTTP/1.1', 'Host: a']);
  while (captured.length < 2) {
    await once(server, 'request');
  }
  client.socket.resetAndDestroy();
  const spans = await served.spans(2);
  const waiting = spans.find(({ attributes }) => attributes['url.path'] === '/2');
  expect(waiting && sizesOf(waiting)).toEqual([0, 0, 0]);
  expect(waiting?.attributes['error.type']).toBe('ECONNRESET');
  expect(waiting?.attributes).not.toHaveProperty('http.response.status_code');
  expect((await captured[1])?.written).toBe(0);
});

test('a response of 5xx that is cut off is an error by its status', async () => {
  served.record();
  const server = createServer((_req, res) => void res.writeHead(503).write('12345'));
  const client = await RawClient.connect(await listen(server));
  client.send(REQUEST);
  await client.until('12345');
  client.socket.destroy();
  const span = await served.only();
  expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
  expect(span.attributes).toMatchObject({
    'error.type': '503',
    'http.response.status_code': 503,
    'httptrace.aborted': true,
  });
});
