import { expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/resolve.js';

const warnings: string[] = [];
const config = resolveConfig({}, {}, (message) => warnings.push(message));

it('has nothing to say about a configuration that is not there', () => {
  expect(warnings).toEqual([]);
});

it('records both sides', () => {
  expect([config.enabled, config.client.enabled, config.server.enabled]).toEqual([true, true, true]);
});

it('records every hook of the client but the header fields', () => {
  expect(config.client.hooks).toEqual({
    getConn: true,
    dnsStart: true,
    dnsDone: true,
    connectStart: true,
    connectDone: true,
    tlsHandshakeStart: true,
    tlsHandshakeDone: true,
    gotConn: true,
    wroteHeaderField: false,
    wroteHeaders: true,
    wait100Continue: true,
    wroteRequest: true,
    gotFirstResponseByte: true,
    got100Continue: true,
    got1xxResponse: true,
    putIdleConn: true,
  });
});

it('records every step of the response of a server', () => {
  expect(config.server.hooks).toEqual({
    writeHead: true,
    write: true,
    end: true,
    flushHeaders: true,
    informational: true,
    closeNotify: true,
    hijack: true,
    push: true,
  });
});

it('records phases as events, on spans of its own', () => {
  expect(config.client).toMatchObject({ phases: 'events', span: 'create', requireParentForSpans: false });
  expect(config.server).toMatchObject({ span: 'create', requireParentForSpans: false });
});

it('has no function where none was given, so that the path of a request can skip it', () => {
  const { client, server } = config;
  expect([
    client.ignoreRequestHook,
    client.startSpanHook,
    client.requestHook,
    client.responseHook,
    client.applyCustomAttributesOnSpan,
    client.ignoreUrl,
    client.propagate,
  ]).toEqual(Array(7).fill(undefined));
  expect([
    server.ignoreRequestHook,
    server.startSpanHook,
    server.requestHook,
    server.responseHook,
    server.applyCustomAttributesOnSpan,
    server.ignorePath,
    server.ignoreHost,
    config.metricAttributesHook,
  ]).toEqual(Array(8).fill(undefined));
});

it('leaves gRPC over node:http2 to the instrumentation of its client', () => {
  expect(config.client.grpc).toBe(false);
});

it('captures no header, and trusts those of a proxy', () => {
  expect(config.client).toMatchObject({ requestHeaders: [], responseHeaders: [] });
  expect(config.server).toMatchObject({
    requestHeaders: [],
    responseHeaders: [],
    trustForwardedHeaders: true,
  });
});

it.each(['client', 'server'] as const)('redacts credentials on the %s', (side) => {
  expect(config[side].redactedQueryParams).toEqual([
    'X-Amz-Signature',
    'X-Amz-Credential',
    'X-Amz-Security-Token',
    'AWSAccessKeyId',
    'Signature',
    'sig',
    'X-Goog-Signature',
  ]);
  expect([...config[side].redactedHeaders]).toEqual([
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'www-authenticate',
    'proxy-authenticate',
  ]);
});

it('records the two request durations of fourteen metrics', () => {
  expect(config.metrics).toEqual({
    'http.client.request.duration': true,
    'http.client.active_requests': false,
    'http.client.open_connections': false,
    'http.client.connection.duration': false,
    'http.client.request.body.size': false,
    'http.client.response.body.size': false,
    'http.client.request.time_in_queue': false,
    'dns.lookup.duration': false,
    'httptrace.client.phase.duration': false,
    'http.server.request.duration': true,
    'http.server.active_requests': false,
    'http.server.request.body.size': false,
    'http.server.response.body.size': false,
    'httptrace.server.first_byte.duration': false,
  });
});

it('knows the standard methods and records no opt-in attribute', () => {
  expect([...config.knownMethods]).toEqual([
    'CONNECT',
    'DELETE',
    'GET',
    'HEAD',
    'OPTIONS',
    'PATCH',
    'POST',
    'PUT',
    'QUERY',
    'TRACE',
  ]);
  expect([...config.optInAttributes]).toEqual([]);
});
