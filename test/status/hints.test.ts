import { describe, expect, it } from 'vitest';
import type { HttpTraceStatus, RequestCounts, SourceStatus } from '../../src/index.js';
import { hintsOf } from '../../src/status/hints.js';
import { NO_REQUESTS } from '../support/telemetry/request-counts.js';

/** All is well. */
const WELL: HttpTraceStatus = {
  version: '0.1.0',
  copies: ['0.1.0'],
  node: '24.21.0',
  enabled: true,
  sources: {
    'node:http': source({}),
    'node:http2': source({}),
    undici: source({ recorded: 3, suppressed: 2 }),
    servers: source({}),
  },
  channels: {},
  undici: [],
  openTelemetry: {
    apiVersion: '1.9.1',
    registeredApiVersion: '1.9.1',
    loadedApis: ['1.9.1'],
    tracerProvider: true,
    meterProvider: true,
    propagator: true,
    contextManager: true,
  },
  hints: [],
};

function source(counts: Partial<RequestCounts>, enabled = true): SourceStatus {
  return { enabled, requests: { ...NO_REQUESTS, ...counts } };
}

function openTelemetry(part: Partial<HttpTraceStatus['openTelemetry']>): Partial<HttpTraceStatus> {
  return { openTelemetry: { ...WELL.openTelemetry, ...part } };
}

function fromUndici(counts: Partial<RequestCounts>): Partial<HttpTraceStatus> {
  return { sources: { ...WELL.sources, undici: source(counts) } };
}

function hints(part: Partial<HttpTraceStatus>): string[] {
  return hintsOf({ ...WELL, ...part });
}

describe('hints', () => {
  it('are none if all is well', () => {
    expect(hints({})).toEqual([]);
  });

  it.each<[when: string, part: Partial<HttpTraceStatus>, hint: RegExp]>([
    ['it is disabled', { enabled: false }, /^The instrumentation is disabled: call enable\(\), or look for /],
    [
      'clients are off',
      { sources: { ...WELL.sources, undici: source({ recorded: 1 }, false) } },
      /^Outgoing requests are not recorded: .*OTEL_INSTRUMENTATION_HTTPTRACE_CLIENT_ENABLED\.$/,
    ],
    [
      'servers are off',
      { sources: { ...WELL.sources, servers: source({}, false) } },
      /^Incoming requests are not recorded: .*OTEL_INSTRUMENTATION_HTTPTRACE_SERVER_ENABLED\.$/,
    ],
    [
      'there are two copies of this package',
      { copies: ['0.1.0', '0.2.0'] },
      /^2 copies of this package are loaded \(0\.1\.0, 0\.2\.0\): .*`npm ls opentelemetry-instrumentation-httptrace`/,
    ],
    [
      'two copies of the API are loaded',
      openTelemetry({ loadedApis: ['1.9.1', '1.8.0'] }),
      /^Several versions of @opentelemetry\/api are loaded \(1\.9\.1, 1\.8\.0\), .*`npm ls @opentelemetry\/api`/,
    ],
    [
      'another version of the API registered first',
      openTelemetry({ registeredApiVersion: '1.8.0' }),
      /^Several versions of @opentelemetry\/api are loaded \(1\.9\.1, 1\.8\.0\)/,
    ],
    [
      'there is no TracerProvider',
      { ...openTelemetry({ tracerProvider: false }), ...fromUndici({ withoutProvider: 3 }) },
      /^No TracerProvider is registered, .*`node --import opentelemetry-instrumentation-httptrace\/register`/,
    ],
    [
      'there is no MeterProvider',
      openTelemetry({ meterProvider: false }),
      /^No MeterProvider is registered, /,
    ],
    [
      'there is no context manager',
      openTelemetry({ contextManager: false }),
      /^No context manager is registered, /,
    ],
    ['there is no propagator', openTelemetry({ propagator: false }), /^No propagator is registered, /],
    [
      'no request came',
      {
        sources: {
          'node:http': source({}),
          'node:http2': source({}),
          undici: source({}),
          servers: source({}),
        },
      },
      /^No request came yet: /,
    ],
    ['all were ignored', fromUndici({ ignored: 4 }), /^Of the requests, 4 were ignored: /],
    [
      'all were suppressed',
      fromUndici({ suppressed: 4 }),
      /^Of the requests, 4 were made with tracing suppressed/,
    ],
    ['none was sampled', fromUndici({ notSampled: 4 }), /^Of the requests, 4 were not sampled: /],
    ['none had a parent', fromUndici({ withoutParent: 4 }), /^Of the requests, 4 had no parent: /],
    [
      'some came too early',
      fromUndici({ withoutProvider: 1, recorded: 1 }),
      /^Of the requests, 1 came before a TracerProvider was registered: /,
    ],
    [
      'some were given no span',
      fromUndici({ withoutSpan: 1, recorded: 1 }),
      /^Of the requests, 1 were given no span, /,
    ],
    [
      'some were recorded by another',
      fromUndici({ byAnotherInstance: 1, recorded: 1 }),
      /^Of the requests, 1 were recorded by another instance /,
    ],
  ])('say what to do if %s, and nothing else', (_when, part, hint) => {
    expect(hints(part)).toEqual([expect.stringMatching(hint)]);
  });

  it('leave choices alone while something is recorded', () => {
    expect(
      hints(fromUndici({ recorded: 1, ignored: 1, suppressed: 1, notSampled: 1, withoutParent: 1 })),
    ).toEqual([]);
  });

  it('say once that there is no TracerProvider', () => {
    expect(
      hints({ ...openTelemetry({ tracerProvider: false }), ...fromUndici({ withoutProvider: 2 }) }),
    ).toHaveLength(1);
  });

  it('leave an SDK alone that makes spans without OpenTelemetry, as Sentry does, and gives them to us', () => {
    const none = { tracerProvider: false, propagator: false, contextManager: false };
    expect(hints({ ...openTelemetry(none), ...fromUndici({ recorded: 2 }) })).toEqual([]);
    expect(hints({ ...openTelemetry(none), ...fromUndici({ withoutProvider: 2 }) })).toHaveLength(3);
  });
});
