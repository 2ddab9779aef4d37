import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, it, onTestFinished } from 'vitest';
import { CLIENT_HOOKS, METRICS } from '../../src/config/defaults.js';
import { withClientTrace } from '../../src/httptrace.js';
import { HttpTraceInstrumentation } from '../../src/index.js';
import { openSession, resultOf } from '../support/clients/http2-sessions.js';
import { survivors } from '../support/garbage.js';
import { streamServer } from '../support/servers/stream-server.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';

const MANY = 10_000;

/** A few seconds on a machine with nothing else to do. */
const TIMEOUT_MS = 120_000;

const telemetry = useTelemetry();

/** Counts spans, and keeps none. */
class CountingProcessor implements SpanProcessor {
  started = 0;
  ended = 0;

  onStart(): void {
    this.started++;
  }

  onEnd(): void {
    this.ended++;
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function recordEverything(spans: CountingProcessor): void {
  const all = (defaults: Readonly<Record<string, boolean>>) =>
    Object.fromEntries(Object.keys(defaults).map((name) => [name, true]));
  const instrumentation = new HttpTraceInstrumentation({
    client: { phases: 'linked-spans', hooks: all(CLIENT_HOOKS) },
    server: { enabled: false },
    metrics: all(METRICS),
    optInAttributes: ['http.request.body.size', 'http.response.body.size'],
  });
  instrumentation.setTracerProvider(new BasicTracerProvider({ spanProcessors: [spans] }));
  instrumentation.setMeterProvider(telemetry.meterProvider);
  onTestFinished(() => instrumentation.disable());
}

it(`leaves nothing behind after ${MANY} requests on one session`, { timeout: TIMEOUT_MS }, async () => {
  const spans = new CountingProcessor();
  recordEverything(spans);
  const { origin } = await streamServer((stream) => {
    stream.resume().on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
  });
  const session = openSession(origin);
  const connected = once(session, 'connect');
  const seen: WeakRef<object>[] = [];
  const ask = async (): Promise<void> => {
    const trace = { gotConn: () => undefined };
    const stream = context.with(withClientTrace(context.active(), trace), () =>
      session.request({ ':method': 'POST', ':path': '/' }),
    );
    seen.push(new WeakRef(trace), new WeakRef(stream));
    stream.end('hello');
    await resultOf(stream);
  };
  const counted: unknown[] = [];
  for (let number = 1; number <= MANY; number++) {
    await ask();
    if (number === 100 || number === MANY) {
      await setImmediate();
      const [, socket] = (await connected) as [unknown, Socket];
      counted.push(
        [session, socket].map((emitter) =>
          emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]),
        ),
      );
    }
  }
  expect(counted[1]).toEqual(counted[0]);
  expect(seen).toHaveLength(2 * MANY);
  expect(await survivors(seen)).toBe(0);
  expect(spans.ended).toBe(spans.started);
  expect(spans.started).toBeGreaterThanOrEqual(MANY);
});
