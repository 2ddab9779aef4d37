import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/resolve.js';
import type { ResolvedConfig } from '../../src/config/resolved.js';
import type { HttpTraceInstrumentationConfig } from '../../src/config/types.js';

/** What comes of code and environment, of which nothing may be wrong. */
function resolve(config: HttpTraceInstrumentationConfig, env: Record<string, string> = {}): ResolvedConfig {
  const warnings: string[] = [];
  const resolved = resolveConfig(config, env, (message) => warnings.push(message));
  expect(warnings).toEqual([]);
  return resolved;
}

describe('code', () => {
  it('switches each hook alone', () => {
    const { client, server } = resolve({
      client: { hooks: { dnsStart: false, wroteHeaderField: true } },
      server: { hooks: { push: false } },
    });
    expect(client.hooks).toMatchObject({ dnsStart: false, dnsDone: true, wroteHeaderField: true });
    expect(server.hooks).toMatchObject({ push: false, write: true });
  });

  it('switches each metric alone', () => {
    const { metrics } = resolve({
      metrics: { 'dns.lookup.duration': true, 'http.client.request.duration': false },
    });
    expect(metrics).toMatchObject({
      'dns.lookup.duration': true,
      'http.client.request.duration': false,
      'http.server.request.duration': true,
    });
  });

  it('takes what is undefined for not given', () => {
    const config = { enabled: undefined, client: { hooks: { dnsStart: undefined }, phases: undefined } };
    const { enabled, client } = resolve(config);
    expect([enabled, client.hooks.dnsStart, client.phases]).toEqual([true, true, 'events']);
  });

  it('gives names of headers in lower case, each once', () => {
    const { client } = resolve({
      client: {
        headersToSpanAttributes: { requestHeaders: ['X-A', 'x-a', 'X-B'], responseHeaders: ['Server'] },
        redactedHeaders: ['X-Secret'],
      },
    });
    expect(client.requestHeaders).toEqual(['x-a', 'x-b']);
    expect(client.responseHeaders).toEqual(['server']);
    expect([...client.redactedHeaders]).toEqual(['x-secret']);
  });

  it('keeps the case of query parameters and methods', () => {
    const { server, knownMethods } = resolve({
      server: { redactedQueryParams: ['Token'] },
      knownMethods: ['GET', 'get'],
    });
    expect(server.redactedQueryParams).toEqual(['Token']);
    expect([...knownMethods]).toEqual(['GET', 'get']);
  });

  it('switches redaction off by an empty list', () => {
    const { client } = resolve({ client: { redactedQueryParams: [], redactedHeaders: [] } });
    expect([client.redactedQueryParams, client.redactedHeaders.size]).toEqual([[], 0]);
  });

  it('accepts that no method is known', () => {
    expect(resolve({ knownMethods: [] }).knownMethods.size).toBe(0);
  });

  it('takes the opt-in attributes by name', () => {
    const { optInAttributes } = resolve({ optInAttributes: ['url.scheme', 'tls.server.subject'] });
    expect([...optInAttributes]).toEqual(['url.scheme', 'tls.server.subject']);
  });
});

describe('the duration metrics', () => {
  it('are left to whoever makes the spans of that side', () => {
    const client = resolve({ client: { span: 'existing' } }).metrics;
    expect(client['http.client.request.duration']).toBe(false);
    expect(client['http.server.request.duration']).toBe(true);
    const server = resolve({ server: { span: 'existing' } }).metrics;
    expect(server['http.client.request.duration']).toBe(true);
    expect(server['http.server.request.duration']).toBe(false);
  });

  it('are recorded all the same if they are asked for in code', () => {
    const { metrics } = resolve({
      server: { span: 'existing' },
      metrics: { 'http.server.request.duration': true },
    });
    expect(metrics['http.server.request.duration']).toBe(true);
  });

  it('are recorded all the same if they are asked for in the environment', () => {
    const env = {
      OTEL_INSTRUMENTATION_HTTPTRACE_CLIENT_SPAN: 'existing',
      OTEL_INSTRUMENTATION_HTTPTRACE_METRICS: 'http.client.request.duration',
    };
    expect(resolve({}, env).metrics['http.client.request.duration']).toBe(true);
  });

  it('are not asked for by what is taken from the default', () => {
    const env = {
      OTEL_INSTRUMENTATION_HTTPTRACE_CLIENT_SPAN: 'existing',
      OTEL_INSTRUMENTATION_HTTPTRACE_METRICS: '-http.server.request.duration',
    };
    const { metrics } = resolve({}, env);
    expect(metrics['http.client.request.duration']).toBe(false);
    expect(metrics['http.server.request.duration']).toBe(false);
  });
});

describe('globs', () => {
  it('name the requests that are not recorded', () => {
    const { client, server } = resolve({
      client: { ignoreUrls: ['*.internal/health', '/ping'] },
      server: { ignorePaths: ['/health/**'], ignoreHosts: ['probe.internal'] },
    });
    expect(client.ignoreUrl?.('a.internal:80', '/health?x')).toBe(true);
    expect(client.ignoreUrl?.('a.example:80', '/ping')).toBe(true);
    expect(client.ignoreUrl?.('a.example:80', '/health')).toBe(false);
    expect(server.ignorePath?.('/health/live')).toBe(true);
    expect(server.ignorePath?.('/')).toBe(false);
    expect(server.ignoreHost?.('probe.internal:8080')).toBe(true);
    expect(server.ignoreHost?.('shop.example')).toBe(false);
  });

  it('name who gets trace headers', () => {
    const { propagate } = resolve({ client: { propagateTo: ['**.example.com'] } }).client;
    expect(propagate?.('api.example.com:443')).toBe(true);
    expect(propagate?.('third.party:443')).toBe(false);
  });

  it('name who gets none, also of those that get them', () => {
    const { propagate } = resolve({
      client: { propagateTo: ['**.example.com'], doNotPropagateTo: ['cdn.example.com'] },
    }).client;
    expect(propagate?.('api.example.com')).toBe(true);
    expect(propagate?.('cdn.example.com')).toBe(false);
  });

  it('name who gets none of everybody', () => {
    const { propagate } = resolve({ client: { doNotPropagateTo: ['third.party'] } }).client;
    expect(propagate?.('api.example.com')).toBe(true);
    expect(propagate?.('third.party:443')).toBe(false);
  });

  it('leave nobody if the list is empty', () => {
    const { propagate } = resolve({ client: { propagateTo: [] } }).client;
    expect(propagate?.('api.example.com')).toBe(false);
  });
});

describe('code wins over environment', () => {
  it('for a value', () => {
    const env = { OTEL_INSTRUMENTATION_HTTPTRACE_CLIENT_PHASES: 'spans' };
    expect(resolve({ client: { phases: 'attributes' } }, env).client.phases).toBe('attributes');
  });

  it('for a list, as a whole', () => {
    const env = { OTEL_INSTRUMENTATION_HTTPTRACE_SERVER_REDACTED_QUERY_PARAMS: 'a,b' };
    const { server } = resolve({ server: { redactedQueryParams: ['c'] } }, env);
    expect(server.redactedQueryParams).toEqual(['c']);
  });

  it('for toggles, one by one', () => {
    const env = { OTEL_INSTRUMENTATION_HTTPTRACE_CLIENT_HOOKS: 'dnsStart,gotConn' };
    const { hooks } = resolve({ client: { hooks: { dnsStart: false, putIdleConn: true } } }, env).client;
    expect(Object.keys(hooks).filter((name) => hooks[name as keyof typeof hooks])).toEqual([
      'gotConn',
      'putIdleConn',
    ]);
  });

  it('for the known methods, over both variables', () => {
    const env = {
      OTEL_INSTRUMENTATION_HTTPTRACE_KNOWN_METHODS: 'A',
      OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'B',
    };
    expect([...resolve({ knownMethods: ['C'] }, env).knownMethods]).toEqual(['C']);
  });
});
