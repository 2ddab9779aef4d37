import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer, get as getPlain, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { getRPCMetadata, isTracingSuppressed, RPCType, suppressTracing } from '@opentelemetry/core';
import { SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { describe, expect, test, vi } from 'vitest';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { eventsOf, useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

async function serve(listener: RequestListener = (_req, res) => void res.end('hello')): Promise<number> {
  return listen(createServer(listener));
}

/** The attributes of one request that is sent like this. */
async function attributesOf(requestLine: string, headers: string[] = []): Promise<Record<string, unknown>> {
  await rawRequest(await serve(), requestLine, headers);
  return (await served.only()).attributes;
}

describe('the span of a plain request', () => {
  test('says everything that the conventions want', async () => {
    served.record();
    await rawRequest(await serve(), 'GET /search?q=1&sig=abc HTTP/1.1', ['User-Agent: test/1']);

    const span = await served.only();
    expect(span.name).toBe('GET');
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/search',
      'url.query': 'q=1&sig=REDACTED',
      'server.address': 'localhost',
      'server.port': 80,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': '1.1',
      'user_agent.original': 'test/1',
      'http.response.status_code': 200,
      'http.response.body.size': 5,
      'httptrace.first_byte.duration': expect.any(Number),
    });
    expect(eventsOf(span)).toEqual([
      ['http.response.head', { 'http.response.status_code': 200 }],
      ['http.response.first_write', {}],
      ['http.response.end', { 'http.response.body.size': 5 }],
    ]);
  });

  test('has what samplers look at from its start', async () => {
    let seen: Record<string, unknown> = {};
    served.tracerProvider = served.providerOf({
      shouldSample: (_context, _traceId, _name, _kind, attributes) => {
        seen = attributes;
        return { decision: SamplingDecision.RECORD_AND_SAMPLED };
      },
      toString: () => 'noting',
    });
    served.record({ headersToSpanAttributes: { requestHeaders: ['X-Tenant'] } });
    await rawRequest(await serve(), 'GET /a?b=1 HTTP/1.1', ['User-Agent: test/1', 'X-Tenant: blue']);
    await served.only();
    expect(Object.keys(seen).sort()).toEqual([
      'client.address',
      'http.request.header.x-tenant',
      'http.request.method',
      'server.address',
      'server.port',
      'url.path',
      'url.query',
      'url.scheme',
      'user_agent.original',
    ]);
  });

  test('has the path as it was sent, whatever a URL parser would make of it', async () => {
    served.record();
    expect(await attributesOf('GET //a/../b%2f?x=%zz&y HTTP/1.1')).toMatchObject({
      'url.path': '//a/../b%2f',
      'url.query': 'x=%zz&y',
    });
  });

  test('has the path of an absolute target', async () => {
    served.record();
    expect(await attributesOf('GET http://other.example:81/deep/path?q HTTP/1.1')).toMatchObject({
      'url.path': '/deep/path',
      'url.query': 'q',
    });
  });

  test('has no query when none was sent', async () => {
    served.record();
    expect(await attributesOf('GET /? HTTP/1.1')).not.toHaveProperty('url.query');
  });

  test('shows an unknown method only as it was sent', async () => {
    served.record({}, { knownMethods: ['GET'] });
    await rawRequest(await serve(), 'PROPFIND / HTTP/1.1');
    const span = await served.only();
    expect(span.name).toBe('HTTP');
    expect(span.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND',
    });
  });

  test('belongs to https when the connection is encrypted', async () => {
    served.record();
    const port = await listen(createSecureServer(certificate('localhost'), (_req, res) => res.end()));
    const [response] = await once(
      get({ port, host: '127.0.0.1', servername: 'localhost', ca: CA, agent: false }),
      'response',
    );
    response.resume();
    expect((await served.only()).attributes).toMatchObject({
      'url.scheme': 'https',
      'server.address': '127.0.0.1',
      'server.port': port,
    });
  });

  test('continues the trace of the caller', async () => {
    served.record();
    await rawRequest(await serve(), 'GET / HTTP/1.1', [
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ]);
    const span = await served.only();
    expect(span.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
  });

  test('is a root when the caller sent no trace, even if the server was started in a span', async () => {
    served.record();
    const startup = served.tracerProvider.getTracer('program').startSpan('startup');
    const port = await context.with(trace.setSpan(context.active(), startup), () => serve());
    startup.end();
    await rawRequest(port);
    expect((await served.only()).parentSpanContext).toBeUndefined();
  });

  test('has the headers that were asked for, the secret ones masked', async () => {
    served.record({
      headersToSpanAttributes: {
        requestHeaders: ['Accept', 'Authorization', 'X-Absent'],
        responseHeaders: ['Content-Type', 'Set-Cookie', 'X-Count'],
      },
    });
    const port = await serve((_req, res) => {
      res.setHeader('Set-Cookie', ['a=1', 'b=2']);
      res.writeHead(200, { 'Content-Type': 'text/plain', 'X-Count': 3 });
      res.end();
    });
    await rawRequest(port, 'GET / HTTP/1.1', ['Accept: a/b', 'accept: c/d', 'Authorization: Bearer x']);
    const { attributes } = await served.only();
    expect(attributes).toMatchObject({
      'http.request.header.accept': ['a/b', 'c/d'],
      'http.request.header.authorization': ['REDACTED'],
      'http.response.header.content-type': ['text/plain'],
      'http.response.header.set-cookie': ['REDACTED'],
      'http.response.header.x-count': ['3'],
    });
    expect(attributes).not.toHaveProperty('http.request.header.x-absent');
  });

  test.each<[string, (res: ServerResponse) => void]>([
    ['an object', (res) => void res.writeHead(200, { 'X-A': '1' }).end()],
    ['an object after a reason', (res) => void res.writeHead(200, 'Fine', { 'X-A': '1' }).end()],
    ['a list', (res) => void res.writeHead(200, ['X-A', '1', 'X-B', '2']).end()],
  ])('has the response headers that are given to writeHead alone, as %s', async (_form, answer) => {
    served.record({ headersToSpanAttributes: { responseHeaders: ['x-a'] } });
    await rawRequest(await serve((_req, res) => answer(res)));
    expect((await served.only()).attributes['http.response.header.x-a']).toEqual(['1']);
  });

  test('has the opt-in attributes that were asked for by name', async () => {
    served.record(
      {},
      {
        optInAttributes: [
          'client.port',
          'network.local.address',
          'network.local.port',
          'network.transport',
          'user_agent.synthetic.type',
          'http.request.body.size',
        ],
      },
    );
    const port = await serve((req, res) => req.resume().on('end', () => res.end()));
    const client = await RawClient.connect(port);
    const { localPort } = client.socket;
    client.send(
      ['POST / HTTP/1.1', 'Host: a', 'User-Agent: Googlebot/2.1', 'Content-Length: 3', 'Connection: close'],
      'abc',
    );
    await client.closed();
    expect((await served.only()).attributes).toMatchObject({
      'client.port': localPort,
      'network.local.address': '127.0.0.1',
      'network.local.port': port,
      'network.transport': 'tcp',
      'user_agent.synthetic.type': 'bot',
      'http.request.body.size': 3,
    });
  });

  test('says nothing of addresses on a unix socket but that it is one', async () => {
    served.record({}, { optInAttributes: ['network.transport'] });
    const path = join(await mkdtemp(join(tmpdir(), 'served-')), 'socket');
    await listen(
      createServer((_req, res) => res.end()),
      path,
    );
    const [response] = await once(getPlain({ socketPath: path, agent: false }), 'response');
    response.resume();
    const { attributes } = await served.only();
    expect(attributes['network.transport']).toBe('unix');
    expect(attributes).not.toHaveProperty('network.peer.address');
    expect(attributes).not.toHaveProperty('client.address');
  });
});

describe('http.route', () => {
  test('is what a framework sets in the RPC metadata, and part of the name', async () => {
    served.record();
    const port = await serve((_req, res) => {
      const metadata = getRPCMetadata(context.active());
      if (metadata?.type === RPCType.HTTP) {
        metadata.route = '/users/:id';
      }
      res.end();
    });
    await rawRequest(port, 'GET /users/7 HTTP/1.1');
    const span = await served.only();
    expect(span.name).toBe('GET /users/:id');
    expect(span.attributes['http.route']).toBe('/users/:id');
  });

  test('is found even if the context has changed by then, and may come last', async () => {
    served.record();
    const port = await serve((_req, res) => {
      const metadata = getRPCMetadata(context.active());
      res.on('close', () => {
        if (metadata !== undefined) {
          metadata.route = '/late';
        }
      });
      context.with(ROOT_CONTEXT, () => res.end());
    });
    await rawRequest(port);
    expect((await served.only()).name).toBe('GET /late');
  });
});

describe('requests without a span', () => {
  test('are those without a parent, if one is required', async () => {
    served.record({ requireParentforSpans: true });
    const port = await serve();
    await rawRequest(port);
    await rawRequest(port, 'GET / HTTP/1.1', [
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ]);
    expect((await served.only()).parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  });

  test('are measured all the same', async () => {
    served.record({ requireParentforSpans: true });
    await rawRequest(await serve());
    const points = await vi.waitFor(async () => {
      const found = await served.points('http.server.request.duration');
      expect(found).toHaveLength(1);
      return found;
    });
    expect(points[0]?.attributes).toMatchObject({ 'http.response.status_code': 200 });
  });

  test('are those whose tracing is suppressed', async () => {
    served.record();
    const port = await context.with(suppressTracing(context.active()), () => serve());
    await rawRequest(port);
    expect(await served.spans(0)).toEqual([]);
    expect(await served.points('http.server.request.duration')).toEqual([]);
  });

  test('are those for an ignored host', async () => {
    served.record({ ignoreHosts: ['*.probe.internal'] });
    const port = await serve();
    const client = await RawClient.connect(port);
    client.send(['GET /a HTTP/1.1', 'Host: live.probe.internal:8080']);
    client.send(['GET /b HTTP/1.1', 'Host: shop.example', 'Connection: close']);
    await client.responses('GET', 'GET');
    expect((await served.only()).attributes['url.path']).toBe('/b');
  });

  test('are those on an ignored path, and what happens in them is not traced either', async () => {
    served.record({ ignorePaths: ['/health*'] });
    const suppressed: boolean[] = [];
    const port = await serve((req, res) => {
      suppressed.push(isTracingSuppressed(context.active()));
      req.resume().on('end', () => suppressed.push(isTracingSuppressed(context.active())));
      res.end();
    });
    await rawRequest(port, 'GET /healthz?full HTTP/1.1');
    await rawRequest(port, 'GET /other HTTP/1.1');
    expect((await served.only()).attributes['url.path']).toBe('/other');
    expect(suppressed).toEqual([true, true, false, false]);
    expect(await served.points('http.server.request.duration')).toHaveLength(1);
  });
});

test('headers that are given to writeHead as nested arrays are captured, each under its name', async () => {
  served.record({ headersToSpanAttributes: { responseHeaders: ['x-one', 'x-two'] } });
  const server = createServer((_req, res) => {
    Reflect.apply(res.writeHead, res, [
      200,
      [
        ['X-One', '1'],
        ['X-Two', '2'],
      ],
    ]);
    res.end();
  });
  await rawRequest(await listen(server));
  expect((await served.only()).attributes).toMatchObject({
    'http.response.header.x-one': ['1'],
    'http.response.header.x-two': ['2'],
  });
});
