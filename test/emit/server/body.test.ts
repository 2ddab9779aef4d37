import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type Span, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import compression from 'compression';
import type { Request, Response } from 'express';
import { describe, expect, test } from 'vitest';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { ANSWERS } from '../../support/servers/answers.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

async function serve(listener: RequestListener): Promise<number> {
  return listen(createServer(listener));
}

describe('a stream of server-sent events', () => {
  test('has its first byte while it goes on, and ends with the stream', async () => {
    served.record({}, { metrics: { 'httptrace.server.first_byte.duration': true } });
    let span: (Span & Partial<ReadableSpan>) | undefined;
    let response: ServerResponse | undefined;
    const port = await serve((_req, res) => {
      span = trace.getActiveSpan();
      response = res;
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.write('data: 1\n\n');
    });
    const client = await RawClient.connect(port);
    client.send(['GET /events HTTP/1.1', 'Host: a', 'Connection: close']);
    await client.until('data: 1');

    expect(span?.ended).toBe(false);
    expect(span?.attributes?.['httptrace.first_byte.duration']).toBeGreaterThan(0);
    expect(span?.events?.map(({ name }) => name)).toEqual([
      'http.response.head',
      'http.response.first_write',
    ]);
    expect(await served.pointsNow('httptrace.server.first_byte.duration')).toHaveLength(1);

    response?.end('data: 2\n\n');
    await client.closed();
    expect((await served.only()).attributes['http.response.body.size']).toBe(18);
  });
});

describe('the size of the body is what a raw socket receives', () => {
  test.each(ANSWERS)('when the answer is $name', async ({ answer, bytes }) => {
    served.record();
    const { body } = await rawRequest(await serve((_req, res) => void answer(res)));
    const span = await served.only();
    expect(span.attributes['http.response.body.size']).toBe(body.length);
    expect(body.length).toBe(bytes);
  });

  test.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('and 0 for %s with %i, where nothing is sent', async (method, code) => {
    served.record();
    const port = await serve((_req, res) => {
      res.writeHead(code);
      res.write('dropped');
      res.end('dropped');
    });
    await rawRequest(port, `${method} / HTTP/1.1`);
    const span = await served.only();
    expect(span.attributes['http.response.body.size']).toBe(0);
    expect(span.events.map(({ name }) => name)).toEqual(['http.response.head', 'http.response.end']);
  });

  test('and not what is written after the end', async () => {
    served.record();
    const port = await serve((_req, res) => {
      res.on('error', () => undefined);
      res.end('12');
      res.write('345');
      res.end('67');
    });
    await rawRequest(port);
    expect((await served.only()).attributes['http.response.body.size']).toBe(2);
  });

  test('and the compressed one, if something compresses it', async () => {
    served.record();
    const compress = compression({ threshold: 0 });
    const port = await serve((req, res) => {
      compress(req as Request, res as Response, () => {
        res.setHeader('Content-Type', 'text/plain');
        res.end('a'.repeat(100_000));
      });
    });
    const { body } = await rawRequest(port, 'GET / HTTP/1.1', ['Accept-Encoding: gzip']);
    expect((await served.only()).attributes['http.response.body.size']).toBe(body.length);
    expect(body.length).toBeLessThan(1000);
  });
});
