import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { context, trace } from '@opentelemetry/api';
import { getRPCMetadata } from '@opentelemetry/core';
import { describe, expect, test } from 'vitest';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';
import { seconds } from '../../support/telemetry/telemetry.js';

const served = useServedSpans();

async function serve(listener: RequestListener = (_req, res) => void res.end('hello')): Promise<number> {
  return listen(createServer(listener));
}

const ATTRIBUTES = {
  'http.request.method': 'GET',
  'url.scheme': 'http',
  'network.protocol.version': '1.1',
  'http.response.status_code': 200,
};

describe('http.server.request.duration', () => {
  test('is measured by default, and lasts as long as the span', async () => {
    served.record();
    await rawRequest(await serve());
    const { startTime, endTime } = await served.only();
    const [point, ...more] = await served.points('http.server.request.duration');
    expect(more).toEqual([]);
    expect(point).toMatchObject({ count: 1, attributes: ATTRIBUTES });
    expect(Object.keys(point?.attributes ?? {})).toHaveLength(4);
    expect(point?.value).toBeCloseTo(seconds(endTime) - seconds(startTime), 6);
  });

  test('tells route and error apart', async () => {
    served.record();
    const port = await serve((_req, res) => {
      const metadata = getRPCMetadata(context.active());
      if (metadata) {
        metadata.route = '/a/:b';
      }
      res.writeHead(503).end();
    });
    await rawRequest(port);
    await served.only();
    expect((await served.points('http.server.request.duration'))[0]?.attributes).toEqual({
      ...ATTRIBUTES,
      'http.response.status_code': 503,
      'error.type': '503',
      'http.route': '/a/:b',
    });
  });

  test('has few time series, whatever a client makes up', async () => {
    served.record();
    const port = await serve();
    for (let i = 0; i < 20; i++) {
      const client = await RawClient.connect(port);
      client.send([
        `GET /${i} HTTP/1.1`,
        `Host: h${i}:${i + 1}`,
        `X-Forwarded-Proto: s${i}`,
        'Connection: close',
      ]);
      await client.closed();
    }
    await served.spans(20);
    expect(await served.points('http.server.request.duration')).toHaveLength(1);
  });

  test('has the attributes that were asked for by name, and those of the hook', async () => {
    served.record(
      {},
      {
        optInAttributes: ['server.address', 'server.port', 'user_agent.synthetic.type'],
        metricAttributesHook: (side, request, response) => ({
          'app.side': side,
          'app.url': request instanceof Object && 'url' in request ? String(request.url) : '',
          'app.sent': response !== undefined && 'headersSent' in response && response.headersSent,
        }),
      },
    );
    await rawRequest(await serve(), 'GET /x HTTP/1.1', ['User-Agent: Googlebot']);
    await served.only();
    expect((await served.points('http.server.request.duration'))[0]?.attributes).toEqual({
      ...ATTRIBUTES,
      'server.address': 'localhost',
      'server.port': 80,
      'user_agent.synthetic.type': 'bot',
      'app.side': 'server',
      'app.url': '/x',
      'app.sent': true,
    });
  });

  test('can be switched off, and is then not recorded', async () => {
    served.record({}, { metrics: { 'http.server.request.duration': false } });
    await rawRequest(await serve());
    await served.only();
    expect(await served.points('http.server.request.duration')).toEqual([]);
  });

  test('is recorded in the context of the span', async () => {
    served.record();
    let spanId: string | undefined;
    await rawRequest(
      await serve((_req, res) => {
        spanId = trace.getActiveSpan()?.spanContext().spanId;
        res.end();
      }),
    );
    expect((await served.only()).spanContext().spanId).toBe(spanId);
  });
});

describe('the opt-in metrics', () => {
  test('count the requests in progress', async () => {
    served.record({}, { metrics: { 'http.server.active_requests': true } });
    const server = createServer();
    const client = await RawClient.connect(await listen(server));
    client.send(['GET / HTTP/1.1', 'Host: a']);
    await once(server, 'request');
    const attributes = { 'http.request.method': 'GET', 'url.scheme': 'http' };
    expect(await served.pointsNow('http.server.active_requests')).toEqual([{ attributes, value: 1 }]);
    client.socket.destroy();
    await served.only();
    expect(await served.points('http.server.active_requests')).toEqual([{ attributes, value: 0 }]);
  });

  test('measure both bodies, empty ones too', async () => {
    served.record(
      {},
      { metrics: { 'http.server.request.body.size': true, 'http.server.response.body.size': true } },
    );
    const port = await serve((req, res) => req.resume().on('end', () => res.end('hello')));
    const client = await RawClient.connect(port);
    client.send(
      ['POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Connection: close'],
      '3\r\nabc\r\n0\r\n\r\n',
    );
    await client.closed();
    await rawRequest(port);
    await served.spans(2);
    const sizes = async (name: string): Promise<number[]> =>
      (await served.points(name)).map(({ value }) => value);
    expect(await sizes('http.server.request.body.size')).toEqual([3, 0]);
    expect(await sizes('http.server.response.body.size')).toEqual([5, 5]);
  });

  test('measure the size of a body that nobody reads by what it was announced as', async () => {
    served.record({}, { metrics: { 'http.server.request.body.size': true } });
    const client = await RawClient.connect(await serve());
    client.send(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Connection: close'], 'abc');
    await client.closed();
    await served.only();
    expect((await served.points('http.server.request.body.size')).map(({ value }) => value)).toEqual([3]);
  });

  test('measure the first byte while the response goes on', async () => {
    served.record({}, { metrics: { 'httptrace.server.first_byte.duration': true } });
    const client = await RawClient.connect(await serve((_req, res) => void res.write('x')));
    client.send(['GET / HTTP/1.1', 'Host: a']);
    await client.until('x');
    expect(await served.pointsNow('httptrace.server.first_byte.duration')).toEqual([
      { attributes: ATTRIBUTES, count: 1, value: expect.any(Number) },
    ]);
    client.socket.destroy();
  });
});
