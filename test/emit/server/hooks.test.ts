import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { trace } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { HttpTraceInstrumentationConfig } from '../../../src/index.js';
import { connectHttp2, http2Request } from '../../support/clients/http2-client.js';
import { rawRequest } from '../../support/clients/raw-client.js';
import { registerHttpPeer, usePeer } from '../../support/peers/http-peer.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();
type ServerConfig = NonNullable<HttpTraceInstrumentationConfig['server']>;

async function serve(listener: RequestListener = (_req, res) => void res.end('hi')): Promise<number> {
  return listen(createServer(listener));
}

describe('the hooks of @opentelemetry/instrumentation-http', () => {
  /** Notes each call of each hook: its name, what it was given, and whether the span of the request was active. */
  function noting(
    calls: unknown[],
  ): Required<Pick<ServerConfig, 'ignoreRequestHook' | 'startSpanHook' | 'requestHook' | 'responseHook'>> {
    return {
      ignoreRequestHook(request) {
        calls.push(['ignore', request.constructor.name, request.url]);
        return request.url === '/ignored';
      },
      startSpanHook(request) {
        calls.push(['start', request.constructor.name]);
        return { 'app.start': 'yes' };
      },
      requestHook(span, request) {
        calls.push(['request', request.constructor.name, trace.getActiveSpan() === span]);
        span.setAttribute('app.request', 'yes');
      },
      responseHook(span, response) {
        calls.push([
          'response',
          response.constructor.name,
          trace.getActiveSpan() === span,
          response.headersSent,
        ]);
        span.setAttribute('app.response', 'yes');
      },
    };
  }

  test('move over unchanged: the same calls, with the same, at the same time', async () => {
    const ours: unknown[] = [];
    const instrumentation = served.record(noting(ours));
    await rawRequest(
      await serve((_req, res) => {
        ours.push('listener');
        res.end();
      }),
    );
    const span = await served.only();
    expect(span.attributes).toMatchObject({
      'app.start': 'yes',
      'app.request': 'yes',
      'app.response': 'yes',
    });
    expect(ours).toEqual([
      ['ignore', 'IncomingMessage', '/'],
      ['start', 'IncomingMessage'],
      ['request', 'IncomingMessage', true],
      ['response', 'ServerResponse', true, false],
      'listener',
    ]);

    instrumentation.disable();
    const theirs: unknown[] = [];
    const { ignoreRequestHook, startSpanHook, requestHook, responseHook } = noting(theirs);
    const peer = registerHttpPeer({
      ignoreIncomingRequestHook: ignoreRequestHook,
      startIncomingSpanHook: startSpanHook,
      requestHook: (requestSpan, request) => requestHook(requestSpan, request as IncomingMessage),
      responseHook: (responseSpan, response) => responseHook(responseSpan, response as ServerResponse),
    });
    onTestFinished(() => peer.disable());
    usePeer(peer, served);
    await rawRequest(
      await serve((_req, res) => {
        theirs.push('listener');
        res.end();
      }),
    );
    await served.spans(2);
    expect(theirs).toEqual(ours);
  });

  test('leave an ignored request out, with all that happens in it', async () => {
    served.record(noting([]));
    const port = await serve();
    await rawRequest(port, 'GET /ignored HTTP/1.1');
    await rawRequest(port, 'GET /other HTTP/1.1');
    expect((await served.only()).attributes['url.path']).toBe('/other');
  });

  test.each([
    [true, 0],
    ['truthy', 0],
    [1, 0],
    [false, 1],
    ['', 1],
    [undefined, 1],
  ])('ignore a request by whether what they return is truthy: %j', async (returned, count) => {
    served.record({ ignoreRequestHook: () => returned as boolean });
    await rawRequest(await serve());
    expect(await served.spans(count)).toHaveLength(count);
  });

  test('get the request and response of the compatibility API of HTTP/2', async () => {
    const given: unknown[] = [];
    served.record({
      startSpanHook: (request) => {
        given.push(request);
        return {};
      },
      requestHook: (_span, request) => given.push(request),
      responseHook: (_span, response) => given.push(response),
    });
    const server = createHttp2Server((_req, res) => res.end());
    const session = await connectHttp2(await listen(server));
    onTestFinished(() => session.destroy());
    await http2Request(session);
    await served.only();
    expect(given).toEqual([
      expect.any(Http2ServerRequest),
      expect.any(Http2ServerRequest),
      expect.any(Http2ServerResponse),
    ]);
  });

  test('get objects with url, method and headers for the stream API of HTTP/2', async () => {
    const given: {
      url?: unknown;
      method?: unknown;
      headers?: Record<string, unknown>;
      statusCode?: unknown;
    }[] = [];
    served.record({
      ignoreRequestHook: (request) => given.push(request) === 0,
      requestHook: (_span, request) => given.push(request),
      responseHook: (_span, response) => given.push(Object(response)),
    });
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.respond({ ':status': 404, 'x-a': '1' });
      stream.end();
    });
    const session = await connectHttp2(await listen(server));
    onTestFinished(() => session.destroy());
    await http2Request(session, { ':path': '/p', 'x-b': '2' });
    await served.only();
    const [ignore, request, response] = given;
    expect(request).toBe(ignore);
    expect(request).toMatchObject({ url: '/p', method: 'GET' });
    expect(request?.headers?.['x-b']).toBe('2');
    expect(response?.statusCode).toBe(404);
    expect(response?.headers?.['x-a']).toBe('1');
  });
});

describe('a hook that throws', () => {
  const HOOKS = ['ignoreRequestHook', 'startSpanHook', 'requestHook', 'responseHook'] as const;

  test.each(HOOKS)('as %s is complained about and changes nothing', async (name) => {
    const thrown = new Error('from the hook');
    served.record({
      [name]: () => {
        throw thrown;
      },
    });
    const { status, body } = await rawRequest(await serve());
    expect([status, String(body)]).toEqual([200, 'hi']);
    expect((await served.only()).attributes['http.response.body.size']).toBe(2);
    expect(served.complaints.splice(0)).toEqual([[expect.stringContaining(`server.${name}`), thrown]]);
  });

  test('as metricAttributesHook leaves the metric as it is', async () => {
    const thrown = new Error('from the hook');
    served.record(
      {},
      {
        metricAttributesHook: () => {
          throw thrown;
        },
      },
    );
    await rawRequest(await serve());
    await served.only();
    expect(await served.points('http.server.request.duration')).toHaveLength(1);
    expect(served.complaints.splice(0)).toHaveLength(1);
  });
});

test('a span that a hook has ended already is left alone', async () => {
  served.record({ requestHook: (span) => span.end(Date.now() + 1) });
  await rawRequest(await serve());
  expect((await served.only()).attributes).not.toHaveProperty('http.response.status_code');
});
