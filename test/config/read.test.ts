import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/resolve.js';
import type { ResolvedConfig } from '../../src/config/resolved.js';
import type { HttpTraceInstrumentationConfig } from '../../src/config/types.js';

/** What comes of something that need not be a configuration, and what is said about it. */
function resolve(given: unknown): { config: ResolvedConfig; warnings: string[] } {
  const warnings: string[] = [];
  const config = resolveConfig(given as HttpTraceInstrumentationConfig, {}, (message) =>
    warnings.push(message),
  );
  return { config, warnings };
}

const nothing = resolve({}).config;

describe('an unknown key', () => {
  it.each([
    [{ clients: {} }, 'clients: unknown key; did you mean client?'],
    [{ client: { phase: 'spans' } }, 'client.phase: unknown key; did you mean phases?'],
    [{ client: { hooks: { dnsStrat: true } } }, 'client.hooks.dnsStrat: unknown key; did you mean dnsStart?'],
    [
      { client: { requireParentForSpans: true } },
      'client.requireParentForSpans: unknown key; did you mean requireParentforSpans?',
    ],
    [
      { server: { headersToSpanAttributes: { requestHeader: [] } } },
      'server.headersToSpanAttributes.requestHeader: unknown key; did you mean requestHeaders?',
    ],
    [
      { metrics: { 'http.client.duration': true } },
      'metrics["http.client.duration"]: unknown key; did you mean http.client.request.duration?',
    ],
    [{ zebra: 1 }, 'zebra: unknown key'],
    [{ 'a\nb': 1 }, '["a\\nb"]: unknown key'],
  ])('in %j is reported with its path', (given, warning) => {
    const { config, warnings } = resolve(given);
    expect(warnings).toEqual([warning]);
    expect(config).toEqual(nothing);
  });

  it('of a peer, which has no sides, is shown where it belongs', () => {
    expect(resolve({ requireParentforSpans: true, startSpanHook: () => ({}) }).warnings).toEqual([
      'requireParentforSpans: unknown key; did you mean client.requireParentforSpans or server.requireParentforSpans?',
      'startSpanHook: unknown key; did you mean client.startSpanHook or server.startSpanHook?',
    ]);
  });

  it('may be one that every object has', () => {
    const given = JSON.parse(
      '{"__proto__": {"enabled": false}, "constructor": 1, "client": {"hooks": {"toString": true}}}',
    );
    const { config, warnings } = resolve(given);
    expect(warnings).toEqual([
      '__proto__: unknown key',
      'constructor: unknown key',
      'client.hooks.toString: unknown key',
    ]);
    expect(config).toEqual(nothing);
  });
});

it('reads nothing that an object has inherited', () => {
  const { config, warnings } = resolve(Object.create({ enabled: false, zebra: 1 }));
  expect(config).toEqual(nothing);
  expect(warnings).toEqual([]);
});

describe('a value of the wrong type', () => {
  it.each([
    [null, 'config: expected an object, got null'],
    ['x', 'config: expected an object, got "x"'],
    [[], 'config: expected an object, got a list'],
    [{ enabled: 'false' }, 'enabled: expected true or false, got "false"'],
    [{ enabled: null }, 'enabled: expected true or false, got null'],
    [{ client: true }, 'client: expected an object, got true'],
    [{ client: { hooks: ['dnsStart'] } }, 'client.hooks: expected an object, got a list'],
    [{ client: { hooks: new Map([['dnsStart', false]]) } }, 'client.hooks: expected an object, got a list'],
    [{ client: { hooks: { dnsStart: 1 } } }, 'client.hooks.dnsStart: expected true or false, got 1'],
    [
      { client: { phases: 'Spans' } },
      'client.phases: expected "events", "spans", "linked-spans" or "attributes", got "Spans"',
    ],
    [{ client: { span: {} } }, 'client.span: expected "create" or "existing", got an object'],
    [{ client: { requestHook: {} } }, 'client.requestHook: expected a function, got an object'],
    [{ client: { ignoreUrls: '/health' } }, 'client.ignoreUrls: expected an array of strings, got "/health"'],
    [
      { client: { ignoreUrls: ['https://a.example/health'] } },
      'client.ignoreUrls[0]: expected a glob on host, host/path or /path, without a scheme, got "https://a.example/health"',
    ],
    [
      { client: { propagateTo: ['a.example/path'] } },
      'client.propagateTo[0]: expected a glob on the host, with or without a port, got "a.example/path"',
    ],
    [{ server: { ignorePaths: [/health/] } }, 'server.ignorePaths[0]: expected a string, got an object'],
    [{ server: { redactedQueryParams: [''] } }, 'server.redactedQueryParams[0]: expected a string, got ""'],
    [
      { metrics: { 'dns.lookup.duration': 'on' } },
      'metrics["dns.lookup.duration"]: expected true or false, got "on"',
    ],
    [{ metricAttributesHook: 1n }, 'metricAttributesHook: expected a function, got a bigint'],
    [{ knownMethods: new Array(4_294_967_295) }, 'knownMethods: has more than 10000 elements'],
    [{ optInAttributes: ['url.path'] }, 'optInAttributes[0]: unknown attribute "url.path"'],
    [
      { client: { phases: 'x'.repeat(100) } },
      `client.phases: expected "events", "spans", "linked-spans" or "attributes", got "${'x'.repeat(60)}…"`,
    ],
  ])('is reported with its path and counts as not given: %#', (given, warning) => {
    const { config, warnings } = resolve(given);
    expect(warnings).toEqual([warning]);
    expect(config).toEqual(nothing);
  });

  it('leaves the rest as it is', () => {
    const { config } = resolve({
      enabled: 'yes',
      client: { phases: 'attributes', hooks: { dnsStart: 'no', dnsDone: false }, ignoreUrls: [7, '/health'] },
      server: { trustForwardedHeaders: false, span: 'none' },
    });
    expect(config.client).toMatchObject({ phases: 'attributes', hooks: { dnsStart: true, dnsDone: false } });
    expect(config.client.ignoreUrl?.('a', '/health')).toBe(true);
    expect(config.server).toMatchObject({ trustForwardedHeaders: false, span: 'create' });
  });

  it('leaves the environment in force', () => {
    const env = { OTEL_INSTRUMENTATION_HTTPTRACE_CLIENT_PHASES: 'attributes' };
    const given: unknown = { client: { phases: 'span' } };
    const config = resolveConfig(given as HttpTraceInstrumentationConfig, env, () => undefined);
    expect(config.client.phases).toBe('attributes');
  });
});

describe('what throws when it is read', () => {
  const thrower = (key: string, rest: object = {}) =>
    Object.defineProperty({ ...rest }, key, {
      enumerable: true,
      get() {
        throw new Error('read');
      },
    });

  it('is reported, and the rest is in force', () => {
    const { config, warnings } = resolve({
      client: thrower('phases', { span: 'existing', hooks: thrower('dnsStart', { dnsDone: false }) }),
      server: new Proxy({}, { ownKeys: () => expect.fail('read') }),
    });
    expect(warnings).toEqual([
      'client.hooks.dnsStart: cannot be read',
      'client.phases: cannot be read',
      'server: cannot be read',
    ]);
    expect(config.client).toMatchObject({
      phases: 'events',
      span: 'existing',
      hooks: { dnsStart: true, dnsDone: false },
    });
  });

  it('may be a proxy that was revoked', () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    expect(resolve({ client: proxy, knownMethods: proxy }).warnings).toEqual([
      'client: cannot be read',
      'knownMethods: cannot be read',
    ]);
  });

  it('may be a function that cannot be called as a method', () => {
    const requestHook = new Proxy(() => undefined, {
      get() {
        throw new Error('name');
      },
      getOwnPropertyDescriptor() {
        throw new Error('length');
      },
    });
    expect(resolve({ client: { requestHook } }).warnings).toEqual(['client.requestHook: cannot be read']);
  });

  it('may be the environment', () => {
    const env = new Proxy({}, { ownKeys: () => expect.fail('read') });
    const warnings: string[] = [];
    resolveConfig({}, env, (message) => warnings.push(message));
    expect(warnings).toEqual(['the environment cannot be read']);
  });

  it('may be the logger', () => {
    const given: unknown = { zebra: 1, client: { phases: 'attributes' } };
    const config = resolveConfig(given as HttpTraceInstrumentationConfig, {}, () => {
      throw new Error('logger');
    });
    expect(config.client.phases).toBe('attributes');
  });
});
