import type * as Http from 'node:http';
import { createRequire } from 'node:module';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { beforeEach, expect, it } from 'vitest';
import { HttpTraceInstrumentation } from '../../../src/index.js';
import { answerOf, httpAgent } from '../clients/node-clients.js';
import { EventRecorder } from '../event-recorder.js';
import { refusedPort, silentServer } from '../servers/raw-server.js';
import { httpServer } from '../servers/truthful-server.js';
import { useTelemetry } from '../telemetry/telemetry.js';

const PEER_SCOPE = '@opentelemetry/instrumentation-http';

/** What must hold beside `@opentelemetry/instrumentation-http`, whichever of the two was there first. */
export function testClientBesideHttp(first: 'ours' | 'theirs'): void {
  const telemetry = useTelemetry();
  const make = () => new HttpTraceInstrumentation({ server: { enabled: false } });
  let ours = first === 'ours' ? make() : undefined;
  const peer = new HttpInstrumentation({
    disableIncomingRequestInstrumentation: true,
    requestHook: (span, request) => ours?.useSpan(span, request),
  });
  // It patches when a module is required.
  const http: typeof Http = createRequire(__filename)('http');
  ours ??= make();
  const instrumentation = ours;

  beforeEach(() => {
    for (const each of [instrumentation, peer]) {
      each.setTracerProvider(telemetry.tracerProvider);
      each.setMeterProvider(telemetry.meterProvider);
    }
    instrumentation.setConfig({ server: { enabled: false } });
  });

  async function spans(): Promise<{ ours: ReadableSpan[]; theirs: ReadableSpan[] }> {
    const all = await telemetry.finished();
    expect(all.every(({ kind }) => kind === SpanKind.CLIENT)).toBe(true);
    return {
      ours: all.filter(({ instrumentationScope }) => instrumentationScope.name !== PEER_SCOPE),
      theirs: all.filter(({ instrumentationScope }) => instrumentationScope.name === PEER_SCOPE),
    };
  }

  it('a request has one span of ours, inside theirs, and one traceparent', async () => {
    const { origin } = await httpServer((req, res) =>
      res.end(req.rawHeaders.filter((name) => name.toLowerCase() === 'traceparent').join()),
    );
    const recorder = new EventRecorder();
    const { body } = await recorder.run(() => answerOf(http.get(origin, { agent: httpAgent() })));
    expect(body).toBe('traceparent');
    const { ours, theirs } = await spans();
    expect({ ours: ours.length, theirs: theirs.length }).toEqual({ ours: 1, theirs: 1 });
    expect(ours[0]?.parentSpanContext?.spanId).toBe(theirs[0]?.spanContext().spanId);
    await recorder.until('putIdleConn');
    expect(recorder.count('gotConn')).toBe(1);
  });

  it('a request that fails does so in both', async () => {
    const request = http.get({ host: '127.0.0.1', port: await refusedPort() });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => request.on('error', resolve));
    expect(error.code).toBe('ECONNREFUSED');
    const { ours, theirs } = await spans();
    expect([ours, theirs].map((made) => made.map(({ status }) => status.code))).toEqual([[2], [2]]);
  });

  it('a request that is given up is none', async () => {
    const { origin, received } = await silentServer();
    const request = http.get(origin, { agent: false });
    const closed = new Promise((resolve) => request.on('error', () => undefined).on('close', resolve));
    await received;
    request.destroy();
    await closed;
    const { ours } = await spans();
    expect(ours.map(({ status }) => status.code)).toEqual([0]);
  });

  it("with span: 'existing' theirs gets what only we know", async () => {
    instrumentation.setConfig({ server: { enabled: false }, client: { span: 'existing' } });
    const { origin } = await httpServer();
    await answerOf(http.get(origin, { agent: httpAgent() }));
    const { ours, theirs } = await spans();
    expect(ours).toEqual([]);
    expect(theirs[0]?.events.map(({ name }) => name)).toEqual([
      'http.getconn.start',
      'http.connect.start',
      'http.connect.done',
      'http.getconn.done',
      'http.send.start',
      'http.send.done',
      'http.receive.start',
      'http.receive.done',
    ]);
    expect(theirs[0]?.attributes).toHaveProperty(['httptrace.wait.duration']);
  });

  it('the context of the program is what it was', async () => {
    const { origin } = await httpServer();
    const before = context.active();
    const answer = answerOf(http.get(origin, { agent: httpAgent() }));
    expect(context.active()).toBe(before);
    await answer;
    expect(trace.getSpan(context.active())).toBeUndefined();
  });
}
