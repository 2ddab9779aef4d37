import { describe, expect, it } from 'vitest';
import { variableOf, variablesOf } from '../../src/config/environment.js';
import { listOptions } from '../../src/config/options.js';
import { resolveConfig } from '../../src/config/resolve.js';
import type { ResolvedConfig } from '../../src/config/resolved.js';

const PREFIX = 'OTEL_INSTRUMENTATION_HTTPTRACE_';

/** What comes of variables, named without their prefix, and what is said about them. */
function resolve(variables: Record<string, string>): { config: ResolvedConfig; warnings: string[] } {
  const warnings: string[] = [];
  const env = Object.fromEntries(Object.entries(variables).map(([name, text]) => [PREFIX + name, text]));
  const config = resolveConfig({}, env, (message) => warnings.push(message.replaceAll(PREFIX, '…')));
  return { config, warnings };
}

function right(variables: Record<string, string>): ResolvedConfig {
  const { config, warnings } = resolve(variables);
  expect(warnings).toEqual([]);
  return config;
}

function on(toggles: Readonly<Record<string, boolean>>): string[] {
  return Object.keys(toggles).filter((name) => toggles[name]);
}

describe('the variable of an option', () => {
  it.each([
    ['enabled', 'ENABLED'],
    ['client.phases', 'CLIENT_PHASES'],
    ['client.requireParentforSpans', 'CLIENT_REQUIRE_PARENTFOR_SPANS'],
    ['client.headersToSpanAttributes.requestHeaders', 'CLIENT_HEADERS_TO_SPAN_ATTRIBUTES_REQUEST_HEADERS'],
    ['client.doNotPropagateTo', 'CLIENT_DO_NOT_PROPAGATE_TO'],
    ['knownMethods', 'KNOWN_METHODS'],
  ])('of %s is %s', (path, name) => {
    expect(variableOf(path)).toBe(PREFIX + name);
  });

  it('is there for all but the functions, each with its own', () => {
    const functions = listOptions().filter((placed) => variablesOf(placed).length === 0);
    expect(functions.map(({ path }) => path)).toEqual([
      'client.ignoreRequestHook',
      'client.startSpanHook',
      'client.requestHook',
      'client.responseHook',
      'client.applyCustomAttributesOnSpan',
      'server.ignoreRequestHook',
      'server.startSpanHook',
      'server.requestHook',
      'server.responseHook',
      'server.applyCustomAttributesOnSpan',
      'metricAttributesHook',
    ]);
    const variables = listOptions().flatMap(variablesOf);
    expect(new Set(variables).size).toBe(variables.length);
  });
});

describe('a boolean', () => {
  it.each(['false', 'False', 'FALSE', ' false '])('is switched off by %j', (text) => {
    expect(right({ SERVER_ENABLED: text }).server.enabled).toBe(false);
  });

  it('is switched on by true', () => {
    expect(right({ CLIENT_REQUIRE_PARENTFOR_SPANS: 'TRUE' }).client.requireParentForSpans).toBe(true);
  });

  it.each(['0', 'no', 'off', 'falsch'])('is not touched by %j', (text) => {
    const { config, warnings } = resolve({ SERVER_ENABLED: text });
    expect(config.server.enabled).toBe(true);
    expect(warnings).toEqual([`…SERVER_ENABLED: expected true or false, got "${text}"`]);
  });
});

describe('a choice', () => {
  it.each(['spans', 'Spans', ' SPANS'])('is made by %j', (text) => {
    expect(right({ CLIENT_PHASES: text }).client.phases).toBe('spans');
  });

  it('is not made by anything else', () => {
    const { config, warnings } = resolve({ CLIENT_PHASES: 'span' });
    expect(config.client.phases).toBe('events');
    expect(warnings).toEqual([
      '…CLIENT_PHASES: expected "events", "spans", "linked-spans" or "attributes", got "span"',
    ]);
  });
});

describe('a list', () => {
  it('is split at commas, without white space and empty parts', () => {
    const { client } = right({ CLIENT_HEADERS_TO_SPAN_ATTRIBUTES_REQUEST_HEADERS: ' X-A , ,x-b,' });
    expect(client.requestHeaders).toEqual(['x-a', 'x-b']);
  });

  it.each(['', '  '])('is unset by %j', (text) => {
    expect(right({ CLIENT_REDACTED_QUERY_PARAMS: text }).client.redactedQueryParams).toHaveLength(7);
  });

  it('is empty when there is nothing but a comma', () => {
    expect(right({ CLIENT_REDACTED_QUERY_PARAMS: ',' }).client.redactedQueryParams).toEqual([]);
  });

  it('loses the entries that are wrong', () => {
    const { config, warnings } = resolve({ SERVER_IGNORE_PATHS: '/health,live' });
    expect(config.server.ignorePath?.('/health')).toBe(true);
    expect(warnings).toEqual([
      '…SERVER_IGNORE_PATHS: expected a glob on the path, which begins with "/" or "**", got "live"',
    ]);
  });

  it('counts as unset when all of its entries are wrong', () => {
    const { config, warnings } = resolve({ CLIENT_REDACTED_HEADERS: 'a b' });
    expect(config.client.redactedHeaders.has('cookie')).toBe(true);
    expect(warnings).toEqual(['…CLIENT_REDACTED_HEADERS: expected the name of a header, got "a b"']);
  });

  it('reaches the globs', () => {
    const { client } = right({
      CLIENT_IGNORE_URLS: '*.internal',
      CLIENT_PROPAGATE_TO: '**.example.com',
      CLIENT_DO_NOT_PROPAGATE_TO: 'cdn.example.com',
    });
    expect(client.ignoreUrl?.('a.internal', '/')).toBe(true);
    expect(client.propagate?.('api.example.com')).toBe(true);
    expect(client.propagate?.('cdn.example.com')).toBe(false);
  });

  it('names attributes', () => {
    const { config, warnings } = resolve({ OPT_IN_ATTRIBUTES: 'url.scheme,url.templat' });
    expect([...config.optInAttributes]).toEqual(['url.scheme']);
    expect(warnings).toEqual([
      '…OPT_IN_ATTRIBUTES: unknown attribute "url.templat"; did you mean url.template?',
    ]);
  });
});

describe('toggles', () => {
  it('are those that are on', () => {
    expect(on(right({ CLIENT_HOOKS: 'gotConn, wroteHeaderField' }).client.hooks)).toEqual([
      'gotConn',
      'wroteHeaderField',
    ]);
    expect(on(right({ METRICS: 'dns.lookup.duration' }).metrics)).toEqual(['dns.lookup.duration']);
  });

  it('are, after a minus sign, those that are taken from the default', () => {
    expect(on(right({ SERVER_HOOKS: '-write, - end' }).server.hooks)).toEqual([
      'writeHead',
      'flushHeaders',
      'informational',
      'closeNotify',
      'hijack',
      'push',
    ]);
    expect(on(right({ METRICS: '-http.server.request.duration' }).metrics)).toEqual([
      'http.client.request.duration',
    ]);
  });

  it('are all off when there is nothing but a comma', () => {
    expect(on(right({ CLIENT_HOOKS: ',' }).client.hooks)).toEqual([]);
  });

  it('are left alone by a mixture of both', () => {
    const { config, warnings } = resolve({ SERVER_HOOKS: 'write,-end' });
    expect(on(config.server.hooks)).toHaveLength(8);
    expect(warnings).toEqual(['…SERVER_HOOKS: mixes names with and without "-", got "write,-end"']);
  });

  it('lose the names that are unknown', () => {
    const { config, warnings } = resolve({ CLIENT_HOOKS: 'dnsStrat,dnsDone' });
    expect(on(config.client.hooks)).toEqual(['dnsDone']);
    expect(warnings).toEqual(['…CLIENT_HOOKS: unknown name "dnsStrat"; did you mean dnsStart?']);
  });

  it('are left alone when no name is known', () => {
    const { config } = resolve({ CLIENT_HOOKS: 'dnsStrat', METRICS: '-constructor' });
    expect(on(config.client.hooks)).toHaveLength(15);
    expect(on(config.metrics)).toHaveLength(2);
  });
});

describe('the known methods', () => {
  const resolveMethods = (env: Record<string, string>) => [
    ...resolveConfig({}, env, expect.fail).knownMethods,
  ];

  it('are those of the variable of the conventions, case-sensitive, in place of the default', () => {
    expect(resolveMethods({ OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'GET, purge' })).toEqual([
      'GET',
      'purge',
    ]);
  });

  it('are the default when that variable is empty', () => {
    expect(resolveMethods({ OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: '' })).toHaveLength(10);
  });

  it('are those of our own variable before that', () => {
    const methods = resolveMethods({
      OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'GET',
      OTEL_INSTRUMENTATION_HTTPTRACE_KNOWN_METHODS: 'PURGE',
    });
    expect(methods).toEqual(['PURGE']);
  });

  it('are warned about by the name of the variable', () => {
    const warnings: string[] = [];
    const env = { OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'GET POST' };
    expect(resolveConfig({}, env, (message) => warnings.push(message)).knownMethods.size).toBe(10);
    expect(warnings).toEqual(['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: expected a method, got "GET POST"']);
  });
});

describe('a variable that means nothing', () => {
  it('is warned about, with what may have been meant', () => {
    expect(resolve({ CLIENT_PHASE: 'spans', REQUIRE_PARENT: 'true' }).warnings).toEqual([
      '…CLIENT_PHASE: unknown variable; did you mean …CLIENT_PHASES?',
      '…REQUIRE_PARENT: unknown variable',
    ]);
  });

  it('may be that of a function', () => {
    expect(resolve({ CLIENT_REQUEST_HOOK: 'x' }).warnings).toEqual([
      '…CLIENT_REQUEST_HOOK: a function can only be given in code',
    ]);
  });
});

it('reads the environment of the process', () => {
  process.env.OTEL_INSTRUMENTATION_HTTPTRACE_ENABLED = 'false';
  try {
    expect(resolveConfig({}, process.env, () => undefined).enabled).toBe(false);
  } finally {
    delete process.env.OTEL_INSTRUMENTATION_HTTPTRACE_ENABLED;
  }
});
