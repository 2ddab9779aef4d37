import * as diagnosticsChannel from 'node:diagnostics_channel';
import { createServer, get } from 'node:http';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { suppressTracing, W3CTraceContextPropagator } from '@opentelemetry/core';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  HttpTraceInstrumentation,
  type HttpTraceInstrumentationConfig,
  type RequestCounts,
} from '../../src/index.js';
import { registry } from '../../src/registry.js';
import { listen } from '../support/servers/listen.js';
import { NO_REQUESTS } from '../support/telemetry/request-counts.js';

let url: string;

function instrument(config?: HttpTraceInstrumentationConfig): HttpTraceInstrumentation {
  const instrumentation = new HttpTraceInstrumentation(config);
  onTestFinished(() => instrumentation.disable());
  return instrumentation;
}

/** As an SDK does. */
function registerAll(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  metrics.setGlobalMeterProvider(new MeterProvider());
  trace.setGlobalTracerProvider(new BasicTracerProvider());
}

async function request(): Promise<void> {
  await (await fetch(url)).text();
}

beforeEach(async () => {
  const port = await listen(createServer((_request, response) => response.end('hello')));
  url = `http://127.0.0.1:${port}/health`;
});

afterEach(() => {
  for (const api of [trace, metrics, propagation, context]) {
    api.disable();
  }
});

describe('status of requests', () => {
  it('counts what is recorded, by where it came from', async () => {
    registerAll();
    const instrumentation = instrument();

    await request();
    await new Promise((resolve) => get(url, (response) => response.resume().on('close', resolve)));

    expect(instrumentation.status().sources).toEqual({
      undici: { enabled: true, requests: { ...NO_REQUESTS, recorded: 1 } },
      'node:http': { enabled: true, requests: { ...NO_REQUESTS, recorded: 1 } },
      'node:http2': { enabled: true, requests: NO_REQUESTS },
      servers: { enabled: true, requests: { ...NO_REQUESTS, recorded: 2 } },
    });
  });

  it('goes on counting after the config has changed', async () => {
    registerAll();
    const instrumentation = instrument();

    await request();
    instrumentation.disable();
    await request();
    instrumentation.setConfig({ enabled: true, client: { ignoreUrls: ['*/health'] } });
    await request();

    expect(instrumentation.status().sources.undici.requests).toEqual({
      ...NO_REQUESTS,
      recorded: 1,
      ignored: 1,
    });
  });

  const CLIENT_ONLY = { server: { enabled: false } };
  const SERVER_ONLY = { client: { enabled: false } };

  it.each<[reason: keyof RequestCounts, config: HttpTraceInstrumentationConfig]>([
    ['ignored', { client: { ignoreUrls: ['*/health'] }, server: { ignorePaths: ['/health'] } }],
    ['ignored', { client: { ignoreRequestHook: () => true }, server: { ignoreRequestHook: () => true } }],
    [
      'withoutParent',
      { client: { requireParentforSpans: true, propagateTo: [] }, server: { requireParentforSpans: true } },
    ],
    ['withoutSpan', { client: { span: 'existing' }, server: { span: 'existing' } }],
  ])('counts what is %s, by %j', async (reason, config) => {
    registerAll();
    const instrumentation = instrument(config);

    await request();

    expect(instrumentation.status().sources.undici.requests).toEqual({ ...NO_REQUESTS, [reason]: 1 });
    // A server may learn of the end of a request after its client.
    await vi.waitFor(() =>
      expect(instrumentation.status().sources.servers.requests).toEqual({ ...NO_REQUESTS, [reason]: 1 }),
    );
  });

  it('counts what is not sampled', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
    const instrumentation = instrument();
    const parent = trace.getTracer('program').startSpan('program');

    await request();
    await context.with(trace.setSpan(context.active(), parent), request);

    const { undici, servers } = instrumentation.status().sources;
    expect(undici.requests).toEqual({ ...NO_REQUESTS, notSampled: 2 });
    expect(servers.requests).toEqual({ ...NO_REQUESTS, notSampled: 2 });
  });

  it('counts what has no provider, with a parent that came from elsewhere or none', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const instrumentation = instrument();
    const parent = trace.wrapSpanContext({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
    });

    await request();
    await context.with(trace.setSpan(context.active(), parent), request);

    const { undici, servers } = instrumentation.status().sources;
    expect(undici.requests).toEqual({ ...NO_REQUESTS, withoutProvider: 2 });
    expect(servers.requests).toEqual({ ...NO_REQUESTS, withoutProvider: 2 });
  });

  it('counts what is made with tracing suppressed', async () => {
    registerAll();
    const instrumentation = instrument(CLIENT_ONLY);

    await context.with(suppressTracing(context.active()), request);

    expect(instrumentation.status().sources.undici.requests).toEqual({ ...NO_REQUESTS, suppressed: 1 });
  });

  it('counts what comes to a server with tracing suppressed', async () => {
    registerAll();
    const instrumentation = instrument(SERVER_ONLY);
    const server = createServer((_request, response) => response.end());
    const port = await context.with(suppressTracing(context.active()), () => listen(server));

    await (await fetch(`http://127.0.0.1:${port}/`)).text();

    expect(instrumentation.status().sources.servers.requests).toEqual({ ...NO_REQUESTS, suppressed: 1 });
  });

  it('counts what the instance before it records', async () => {
    registerAll();
    const first = instrument();
    const second = instrument();

    await request();

    expect(first.status().sources.undici.requests).toEqual({ ...NO_REQUESTS, recorded: 1 });
    for (const { requests } of [second.status().sources.undici, second.status().sources.servers]) {
      expect(requests).toEqual({ ...NO_REQUESTS, byAnotherInstance: 1 });
    }
  });

  it('counts the spans that another instrumentation gave', async () => {
    registerAll();
    const instrumentation = instrument({ client: { span: 'existing' }, server: { enabled: false } });
    const onCreate = (message: unknown) => {
      const { request } = message as { request: object };
      instrumentation.useSpan(trace.getTracer('other').startSpan('GET'), request);
    };
    diagnosticsChannel.subscribe('undici:request:create', onCreate);
    onTestFinished(() => {
      diagnosticsChannel.unsubscribe('undici:request:create', onCreate);
    });

    await request();

    expect(instrumentation.status().sources.undici.requests).toEqual({ ...NO_REQUESTS, recorded: 1 });
  });
});

describe('status of what is on', () => {
  it('says of each copy of undici whether it is seen who calls', async () => {
    require('undici6');
    await request();
    const versionOf = (name: string) => `undici ${require(`${name}/package.json`).version}`;
    const instrumentation = instrument();
    require('undici');
    const late = instrumentation.status().undici;
    expect(late).toContainEqual({ name: versionOf('undici6'), callersSeen: true });
    expect(late).toContainEqual({ name: versionOf('undici'), callersSeen: false });
    const { Client } = require('undici');
    const client = new Client(new URL(url).origin);
    await (await client.request({ path: '/', method: 'GET' })).body.text();
    await client.close();
    expect(instrumentation.status().undici).toContainEqual({ name: versionOf('undici'), callersSeen: true });
    instrumentation.disable();
    expect(instrumentation.status().undici.map(({ callersSeen }) => callersSeen)).not.toContain(true);
  });

  it('tells an instance that is disabled', () => {
    const { enabled, sources } = instrument({ enabled: false }).status();

    expect(enabled).toBe(false);
    expect(Object.values(sources).map(({ enabled }) => enabled)).toEqual([false, false, false, false]);
  });

  it('tells each side', () => {
    const { sources } = instrument({ client: { enabled: false } }).status();

    expect(Object.values(sources).map(({ enabled }) => enabled)).toEqual([false, false, false, true]);
  });

  it('knows each channel that is listened to', () => {
    const instrumentation = instrument({ server: { enabled: false } });

    const on = Object.entries(instrumentation.status().channels);
    instrumentation.disable();
    const off = Object.entries(instrumentation.status().channels);

    expect(on.map(([name]) => name).sort()).toEqual([...registry().channels.keys()].sort());
    expect(on.filter(([, { listening }]) => !listening)).toEqual([]);
    expect(off.filter(([, { listening }]) => listening)).toEqual([]);
  });

  it('counts the messages of a channel', async () => {
    const instrumentation = instrument();
    const count = () => instrumentation.status().channels['undici:request:trailers']?.messages ?? 0;
    const before = count();

    await request();
    await request();

    expect(count() - before).toBe(2);
  });
});

describe('status of OpenTelemetry', () => {
  it('finds nothing where nothing is registered', () => {
    expect(instrument().status().openTelemetry).toMatchObject({
      tracerProvider: false,
      meterProvider: false,
      propagator: false,
      contextManager: false,
    });
  });

  it('finds all that is registered', () => {
    registerAll();

    expect(instrument().status().openTelemetry).toMatchObject({
      apiVersion: '1.9.1',
      registeredApiVersion: '1.9.1',
      tracerProvider: true,
      meterProvider: true,
      propagator: true,
      contextManager: true,
    });
  });

  it('finds a TracerProvider that is registered later, and a MeterProvider only when it is given', () => {
    const instrumentation = instrument();
    registerAll();

    expect(instrumentation.status().openTelemetry).toMatchObject({
      tracerProvider: true,
      meterProvider: false,
    });
    instrumentation.setMeterProvider(metrics.getMeterProvider());
    expect(instrumentation.status().openTelemetry.meterProvider).toBe(true);
  });

  it('finds a TracerProvider that is given and not registered', () => {
    const instrumentation = instrument();
    instrumentation.setTracerProvider(new BasicTracerProvider());

    expect(instrumentation.status().openTelemetry.tracerProvider).toBe(true);
  });
});
