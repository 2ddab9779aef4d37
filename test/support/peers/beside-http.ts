import { createServer } from 'node:http';
import { context, SpanKind } from '@opentelemetry/api';
import { getRPCMetadata } from '@opentelemetry/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { HttpTraceInstrumentation } from '../../../src/index.js';
import { rawRequest } from '../clients/raw-client.js';
import { listen } from '../servers/listen.js';
import { eventsOf, useServedSpans } from '../telemetry/served-spans.js';
import { PEER_SCOPE, registerHttpPeer, usePeer } from './http-peer.js';

/** What must hold beside `@opentelemetry/instrumentation-http`, whichever of the two lies over the other. */
export function testBesideHttp(first: 'ours' | 'theirs'): void {
  const served = useServedSpans();
  let ours: HttpTraceInstrumentation | undefined;
  const record = (): HttpTraceInstrumentation => new HttpTraceInstrumentation({ client: { enabled: false } });
  if (first === 'ours') {
    ours = record();
  }
  const peer = registerHttpPeer({ requestHook: (span, request) => ours?.useSpan(span, request) });
  ours ??= record();
  const instrumentation = ours;

  beforeEach(() => {
    usePeer(peer, served);
    instrumentation.setTracerProvider(served.tracerProvider);
    instrumentation.setMeterProvider(served.meterProvider);
    instrumentation.setConfig({ client: { enabled: false } });
  });

  async function serveRoute(): Promise<number> {
    return listen(
      createServer((_req, res) => {
        const metadata = getRPCMetadata(context.active());
        if (metadata) {
          metadata.route = '/items/:id';
        }
        res.end('hello');
      }),
    );
  }

  test('each makes its own span, both join the trace of the caller, and both know the route', async () => {
    const { body } = await rawRequest(await serveRoute(), 'GET /items/1 HTTP/1.1', [
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ]);
    expect(String(body)).toBe('hello');
    const spans = await served.spans(2);
    expect(spans.filter(({ instrumentationScope }) => instrumentationScope.name === PEER_SCOPE)).toHaveLength(
      1,
    );
    for (const span of spans) {
      expect(span.kind).toBe(SpanKind.SERVER);
      expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
      expect(span.name).toBe('GET /items/:id');
      expect(span.attributes['http.route']).toBe('/items/:id');
      expect(span.attributes['http.response.status_code']).toBe(200);
    }
  });

  test("with span: 'existing' the span of the other gets what only we know", async () => {
    instrumentation.setConfig({ client: { enabled: false }, server: { span: 'existing' } });
    await rawRequest(await serveRoute());
    const span = await served.only();
    expect(span.instrumentationScope.name).toBe(PEER_SCOPE);
    expect(span.attributes).toMatchObject({
      'http.response.body.size': 5,
      'httptrace.first_byte.duration': expect.any(Number),
    });
    expect(eventsOf(span)).toEqual([
      ['http.response.head', { 'http.response.status_code': 200 }],
      ['http.response.first_write', {}],
      ['http.response.end', { 'http.response.body.size': 5 }],
    ]);
    expect(await served.points('http.server.request.duration')).toMatchObject([{ count: 1 }]);
  });

  describe('after one of them is disabled', () => {
    test('the other goes on alone, and ours can come back', async () => {
      const port = await serveRoute();
      instrumentation.disable();
      await rawRequest(port, 'GET /1 HTTP/1.1');
      instrumentation.enable();
      await rawRequest(port, 'GET /2 HTTP/1.1');
      const paths = (await served.spans(3)).map(({ attributes }) => attributes['url.path']);
      expect(paths.sort()).toEqual(['/1', '/2', '/2']);
    });
  });

  test('at the end nothing of ours is left at work', async () => {
    instrumentation.disable();
    peer.disable();
    const port = await serveRoute();
    await rawRequest(port);
    expect(await served.spans(0)).toEqual([]);
  });
}
