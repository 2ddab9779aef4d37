import { ClientRequest, IncomingMessage, type RequestOptions, ServerResponse } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import { Socket } from 'node:net';
import type { Attributes, Span } from '@opentelemetry/api';
import { trace } from '@opentelemetry/api';
import type { HttpInstrumentationConfig } from '@opentelemetry/instrumentation-http';
import type {
  UndiciInstrumentationConfig,
  UndiciRequest,
  UndiciResponse,
} from '@opentelemetry/instrumentation-undici';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/resolve.js';
import type { HttpTraceInstrumentationConfig } from '../../src/config/types.js';
import type { MetricName } from '../../src/semconv/metrics.js';

const span = trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 });
const request = new IncomingMessage(new Socket());
const response = new ServerResponse(request);
const undiciRequest = {
  origin: 'http://a.example',
  method: 'GET',
  path: '/',
  headers: [],
  contentLength: null,
  body: null,
};
const undiciResponse = { statusCode: 200, statusText: 'OK', headers: [] };

/** These functions do not compile unless every callback that a peer's types allow can be assigned. */
function fromUndici(peer: UndiciInstrumentationConfig): HttpTraceInstrumentationConfig {
  const { ignoreRequestHook, startSpanHook, requestHook, responseHook } = peer;
  const { requireParentforSpans, headersToSpanAttributes } = peer;
  return {
    client: {
      ignoreRequestHook,
      startSpanHook,
      requestHook,
      responseHook,
      requireParentforSpans,
      headersToSpanAttributes,
    },
  };
}

function fromHttp(peer: HttpInstrumentationConfig): HttpTraceInstrumentationConfig {
  const { requestHook, responseHook, applyCustomAttributesOnSpan } = peer;
  return {
    client: {
      ignoreRequestHook: peer.ignoreOutgoingRequestHook,
      startSpanHook: peer.startOutgoingSpanHook,
      requestHook,
      responseHook,
      applyCustomAttributesOnSpan,
      requireParentforSpans: peer.requireParentforOutgoingSpans,
      headersToSpanAttributes: peer.headersToSpanAttributes?.client,
      redactedQueryParams: peer.redactedQueryParams,
    },
    server: {
      ignoreRequestHook: peer.ignoreIncomingRequestHook,
      startSpanHook: peer.startIncomingSpanHook,
      requestHook,
      responseHook,
      applyCustomAttributesOnSpan,
      requireParentforSpans: peer.requireParentforIncomingSpans,
      headersToSpanAttributes: peer.headersToSpanAttributes?.server,
      redactedQueryParams: peer.redactedQueryParamsServer,
    },
  };
}

function resolve(config: HttpTraceInstrumentationConfig) {
  const warnings: string[] = [];
  const resolved = resolveConfig(config, {}, (message) => warnings.push(message));
  expect(warnings).toEqual([]);
  return resolved;
}

describe('the callbacks of @opentelemetry/instrumentation-undici', () => {
  const { client } = resolve(
    fromUndici({
      ignoreRequestHook: (request: UndiciRequest) => request.origin === 'http://a.example',
      startSpanHook: (request: UndiciRequest): Attributes => ({ path: request.path }),
      requestHook: (_span: Span, request: UndiciRequest) => seen.push(request.method),
      responseHook: (_span: Span, info: { request: UndiciRequest; response: UndiciResponse }) =>
        seen.push(info.request.method, info.response.statusCode),
      requireParentforSpans: true,
      headersToSpanAttributes: { requestHeaders: ['X-A'], responseHeaders: ['X-B'] },
    }),
  );
  const seen: unknown[] = [];

  it('are called with what they know', () => {
    expect(client.ignoreRequestHook?.(undiciRequest)).toBe(true);
    expect(client.startSpanHook?.(undiciRequest)).toEqual({ path: '/' });
    client.requestHook?.(span, undiciRequest);
    client.responseHook?.(span, { request: undiciRequest, response: undiciResponse });
    expect(seen).toEqual(['GET', 'GET', 200]);
  });

  it('come with their other options', () => {
    expect(client).toMatchObject({
      requireParentForSpans: true,
      requestHeaders: ['x-a'],
      responseHeaders: ['x-b'],
    });
  });
});

describe('the callbacks of @opentelemetry/instrumentation-http', () => {
  const seen: unknown[] = [];
  const { client, server } = resolve(
    fromHttp({
      ignoreOutgoingRequestHook: (request: RequestOptions) => request.host === 'a.example',
      ignoreIncomingRequestHook: (request: IncomingMessage) => request.url === '/health',
      startOutgoingSpanHook: (request: RequestOptions) => ({ host: String(request.host) }),
      startIncomingSpanHook: (request: IncomingMessage) => ({ url: String(request.url) }),
      requestHook: (_span: Span, request: ClientRequest | IncomingMessage) =>
        seen.push(request instanceof ClientRequest ? 'outgoing' : 'incoming'),
      responseHook: (_span: Span, response: IncomingMessage | ServerResponse) =>
        seen.push(response instanceof ServerResponse ? 'served' : 'received'),
      applyCustomAttributesOnSpan: (_span: Span, _request, response: IncomingMessage | ServerResponse) =>
        seen.push(response instanceof ServerResponse ? 'closed' : 'ended'),
    }),
  );

  it('are called with what they know', () => {
    expect(client.ignoreRequestHook?.({ host: 'a.example' })).toBe(true);
    expect(client.startSpanHook?.({ host: 'a.example' })).toEqual({ host: 'a.example' });
    expect(server.ignoreRequestHook?.(request)).toBe(false);
    expect(server.startSpanHook?.(request)).toEqual({ url: '' });
    client.responseHook?.(span, request);
    server.requestHook?.(span, request);
    server.responseHook?.(span, response);
    client.applyCustomAttributesOnSpan?.(span, undiciRequest, request);
    server.applyCustomAttributesOnSpan?.(span, request, response);
    expect(seen).toEqual(['received', 'incoming', 'served', 'ended', 'closed']);
  });
});

describe('a hook', () => {
  it('is called as a method of the object that it stands in', () => {
    const client = {
      tenant: 'a',
      startSpanHook() {
        return { tenant: this.tenant };
      },
    };
    const warnings: string[] = [];
    const resolved = resolveConfig({ client }, {}, (message) => warnings.push(message));
    expect(resolved.client.startSpanHook?.(undiciRequest)).toEqual({ tenant: 'a' });
    expect(warnings).toEqual(['client.tenant: unknown key']);
  });

  it('needs no types where it is written down', () => {
    const { client, server, metricAttributesHook } = resolve({
      client: {
        ignoreRequestHook: (request) => request.path === '/health',
        startSpanHook: (request) => ({ method: request.method ?? 'GET' }),
        requestHook: (span, request) => span.setAttribute('method', String(request.method)),
        responseHook(span, response) {
          if ('request' in response) {
            span.setAttribute('origin', String(response.request.origin));
          } else {
            span.setAttribute('status', response.statusCode ?? 0);
          }
        },
      },
      server: {
        ignoreRequestHook: (request) => request.headers['user-agent'] === 'probe',
        requestHook: (span, request) => span.setAttribute('url', request.url ?? ''),
        responseHook: (span, response) => span.setAttribute('status', response.statusCode),
      },
      metricAttributesHook: (side, request) => ({ side, method: String(request.method) }),
    });
    expect(client.ignoreRequestHook?.({ path: '/health' })).toBe(true);
    const probe = Object.assign(new IncomingMessage(new Socket()), { headers: { 'user-agent': 'probe' } });
    expect(server.ignoreRequestHook?.(probe)).toBe(true);
    expect(metricAttributesHook?.('client', undiciRequest, undiciResponse)).toEqual({
      side: 'client',
      method: 'GET',
    });
  });

  it('of a server may speak of the requests of HTTP/2 too', () => {
    const ignoreRequestHook = (request: IncomingMessage | Http2ServerRequest): boolean =>
      request instanceof Http2ServerRequest;
    expect(resolve({ server: { ignoreRequestHook } }).server.ignoreRequestHook?.(request)).toBe(false);
  });
});

it('names each metric by its type', () => {
  const name: MetricName = 'httptrace.client.phase.duration';
  // @ts-expect-error: a name that was mistyped does not compile
  const mistyped: MetricName = 'httptrace.client.phases.duration';
  expect(resolve({ metrics: { [name]: true } }).metrics[name]).toBe(true);
  expect(Object.hasOwn(resolve({}).metrics, mistyped)).toBe(false);
});
