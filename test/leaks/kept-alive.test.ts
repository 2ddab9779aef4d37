import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import * as http from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CLIENT_HOOKS, METRICS } from '../../src/config/defaults.js';
import { HttpTraceInstrumentation } from '../../src/index.js';
import { answerOf, httpAgent } from '../support/clients/node-clients.js';
import { UNDICI_FLAVOURS } from '../support/clients/undici-flavours.js';
import { survivors } from '../support/garbage.js';
import { listen } from '../support/servers/listen.js';
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

/** How many listeners there are for each event. */
function listeners(socket: Socket): Record<string, number> {
  return Object.fromEntries(
    socket
      .eventNames()
      .map((name) => [String(name), socket.listenerCount(name)] as const)
      .sort(([one], [other]) => one.localeCompare(other)),
  );
}

/** Everything that can be recorded is: no way of recording it may leave anything behind. */
function recordEverything(spans: CountingProcessor): void {
  const all = (defaults: Readonly<Record<string, boolean>>) =>
    Object.fromEntries(Object.keys(defaults).map((name) => [name, true]));
  const instrumentation = new HttpTraceInstrumentation({
    client: { phases: 'linked-spans', hooks: all(CLIENT_HOOKS) },
    metrics: all(METRICS),
    optInAttributes: ['http.request.body.size', 'http.response.body.size'],
  });
  instrumentation.setTracerProvider(new BasicTracerProvider({ spanProcessors: [spans] }));
  instrumentation.setMeterProvider(telemetry.meterProvider);
  onTestFinished(() => instrumentation.disable());
}

describe('requests on one connection', { timeout: TIMEOUT_MS }, () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  const seen: WeakRef<object>[] = [];
  let spans: CountingProcessor;
  let accepted: Socket[];
  let origin: string;

  beforeEach(async () => {
    warnings.splice(0);
    seen.splice(0);
    accepted = [];
    spans = new CountingProcessor();
    recordEverything(spans);
    process.on('warning', onWarning);
    const server = http.createServer((req, res) => {
      seen.push(new WeakRef(req), new WeakRef(res));
      req.resume().on('end', () => res.end('ok'));
    });
    server.keepAliveTimeout = 60_000;
    server.on('connection', (socket: Socket) => accepted.push(socket));
    origin = `http://127.0.0.1:${await listen(server)}`;
  });

  afterEach(() => {
    process.off('warning', onWarning);
  });

  /** Makes so many requests in turn, and looks at both ends of the connection after a hundred and at the end. */
  async function make(requests: number, ask: () => Promise<Socket>): Promise<void> {
    const counted: Record<string, number>[][] = [];
    const sockets = new Set<Socket>();
    for (let number = 1; number <= requests; number++) {
      sockets.add(await ask());
      if (number === 100 || number === requests) {
        await setImmediate();
        await setImmediate();
        counted.push([...sockets, ...accepted].map(listeners));
      }
    }
    expect(accepted).toHaveLength(1);
    expect(counted[0]).toHaveLength(2);
    expect(counted[1]).toEqual(counted[0]);
    expect(seen.length).toBeGreaterThanOrEqual(3 * requests);
    expect(await survivors(seen)).toBe(0);
    expect(spans.ended).toBe(spans.started);
    expect(spans.started).toBeGreaterThanOrEqual(2 * requests);
    expect(warnings).toEqual([]);
  }

  it.each(
    UNDICI_FLAVOURS.map((flavour) => ({
      ...flavour,
      requests: flavour.major === 7 && flavour.installed !== undefined ? MANY : MANY / 10,
    })),
  )('leave nothing behind after $requests by a Client of $name', async ({ Client, requests }) => {
    const client = new Client(origin);
    onTestFinished(() => client.destroy());
    const sockets: Socket[] = [];
    const onSend = (message: unknown) => {
      const { request, socket } = message as { request: object; socket: Socket };
      seen.push(new WeakRef(request));
      sockets[0] = socket;
    };
    subscribe('undici:client:sendHeaders', onSend);
    onTestFinished(() => void unsubscribe('undici:client:sendHeaders', onSend));
    await make(requests, async () => {
      const { body } = await client.request({ path: '/', method: 'POST', body: 'hello' });
      await body.text();
      const [socket] = sockets;
      if (socket === undefined) {
        throw new Error('Nothing was sent');
      }
      return socket;
    });
  });

  it(`leave nothing behind after ${MANY} by an Agent of node:http`, async () => {
    const agent = httpAgent({ maxSockets: 1 });
    await make(MANY, async () => {
      const request = http.request(origin, { agent, method: 'POST' });
      const closed = once(request, 'close');
      request.on('response', (response) => seen.push(new WeakRef(request), new WeakRef(response)));
      request.end('hello');
      await answerOf(request);
      const { socket } = request;
      await closed;
      if (socket === null) {
        throw new Error('Nothing was sent');
      }
      return socket;
    });
  });
});
