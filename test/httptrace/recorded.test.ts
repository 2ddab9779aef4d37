import { createRequire } from 'node:module';
import { join } from 'node:path';
import { context, trace as traces } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import type { ClientTraceHook } from '../../src/httptrace/client-trace.js';
import { CLIENT_TRACE_HOOKS } from '../../src/httptrace/compose.js';
import * as ours from '../../src/httptrace.js';
import { httpServer } from '../support/servers/truthful-server.js';
import { CLIENT_KINDS } from '../support/telemetry/drawn-spans.js';
import { useReportedErrors } from '../support/telemetry/reported-errors.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';

const telemetry = useTelemetry();
const reported = useReportedErrors();

const load: NodeJS.Require = createRequire(__filename);
const DIST = join(__dirname, '..', '..', 'dist');

/** A second copy of the package: the built one. */
const built: typeof ours = load(join(DIST, 'httptrace.js'));
const { HttpTraceInstrumentation: Built }: typeof import('../../src/index.js') = load(join(DIST, 'index.js'));

function every(hook: (name: ClientTraceHook) => void): ours.ClientTrace {
  return Object.fromEntries(CLIENT_TRACE_HOOKS.map((name) => [name, () => hook(name)]));
}

describe.each(CLIENT_KINDS)('$name: a request that is recorded, too', ({ client }) => {
  it('runs its hooks with its own span as the active one', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const active: unknown[] = [];
    const trace = every(() => active.push(traces.getActiveSpan()?.spanContext().spanId));
    const { parent } = await telemetry.within(() =>
      context.with(ours.withClientTrace(context.active(), trace), () => client(origin).ask('/')),
    );
    const { spanId } = (await telemetry.only()).spanContext();
    expect(spanId).not.toBe(parent.spanContext().spanId);
    expect(active.length).toBeGreaterThan(5);
    expect(new Set(active)).toEqual(new Set([spanId]));
  });

  it('is recorded the same although every hook throws', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const throwing = every((name) => {
      throw new Error(name);
    });
    await client(origin).ask('/');
    await context.with(ours.withClientTrace(context.active(), throwing), () => client(origin).ask('/'));
    const [plain, traced] = (await telemetry.shown()).map(({ status, events }) => [
      status,
      events.map(([name]) => name),
    ]);
    expect(traced).toEqual(plain);
    expect(reported.length).toBeGreaterThan(5);
  });

  describe.each([
    { outer: ours, inner: built, Instrumentation: Built },
    { outer: built, inner: ours, Instrumentation: undefined },
    { outer: built, inner: built, Instrumentation: undefined },
  ])('with two copies of the package', ({ outer, inner, Instrumentation }) => {
    it('runs each hook of each trace once, and is recorded once', async () => {
      const { origin } = await httpServer();
      telemetry.instrument();
      if (Instrumentation !== undefined) {
        telemetry.attach(new Instrumentation({ server: { enabled: false } }));
      }
      const calls: string[] = [];
      const one = inner.withClientTrace(
        context.active(),
        every((name) => calls.push(`old ${name}`)),
      );
      const both = outer.withClientTrace(
        one,
        every((name) => calls.push(`new ${name}`)),
      );
      await context.with(both, () => client(origin).ask('/'));
      const { events } = await telemetry.onlyShown();
      expect(events.length).toBeGreaterThan(5);
      const once = calls.filter((call) => !call.endsWith('wroteHeaderField'));
      expect(once).toEqual(
        [
          ...['getConn', 'connectStart', 'connectDone', 'gotConn', 'wroteHeaders', 'wroteRequest'],
          ...['gotFirstResponseByte', 'putIdleConn'],
        ].flatMap((name) => [`new ${name}`, `old ${name}`]),
      );
    });

    it('knows the trace of the one by the other', () => {
      const trace = every(() => undefined);
      expect(outer.contextClientTrace(inner.withClientTrace(context.active(), trace))).toBe(trace);
    });
  });
});
