import { setImmediate, setTimeout } from 'node:timers/promises';
import { context, ROOT_CONTEXT, type SpanContext, SpanKind, trace } from '@opentelemetry/api';
import { BasicTracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it, vi } from 'vitest';
import type { ClientTrace } from '../../../src/httptrace/client-trace.js';
import { CLIENT_TRACE_HOOKS } from '../../../src/httptrace/compose.js';
import { withClientTrace } from '../../../src/httptrace.js';
import { Random } from '../../emit/http/random.js';
import { BEHAVIOURS, type Seen, stormServers, stormWays, type Way } from '../../support/clients/storm.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { spanFaults } from '../../support/telemetry/legal-span.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const WAVES = 12;
const CALLS_PER_WAVE = 250;

/** Every call that is not answered is given up by then. */
const PATIENCE_MS = 2_000;

/**
 * How long a call may take to fail when it is given up, and how many of the 3,000 may take longer. With us or without,
 * undici now and then leaves the body of a response on a connection that is reset open for ever, and loses the abort of
 * a `fetch` when garbage is collected; more often on a busy machine. It tells nobody of those, nor of what waits behind
 * them, so nothing is said of them here.
 */
const DEADLINE_MS = 4_000;
const HUNG_AT_MOST = 150;

/** One call of the program's, and all that ran for it. */
interface Call {
  readonly path: string;
  readonly way: Way;
  readonly caller: SpanContext;
  /** The span in whose context each hook ran. */
  readonly contexts: (string | undefined)[];
  readonly ports: (number | undefined)[];
  outcome: 'answered' | 'failed' | 'hung';
}

/** Keeps the spans of requests by the paths that they ask for. */
class SpansByPath implements SpanProcessor {
  readonly started = new Map<string, ReadableSpan[]>();

  onStart(span: ReadableSpan): void {
    if (span.kind === SpanKind.CLIENT) {
      const path = new URL(String(span.attributes['url.full'])).pathname;
      this.started.set(path, [...(this.started.get(path) ?? []), span]);
    }
  }

  onEnd(): void {
    // A span says itself whether it has ended.
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function noting({ contexts, ports }: Call): ClientTrace {
  const note = () => void contexts.push(trace.getActiveSpan()?.spanContext().spanId);
  return {
    ...Object.fromEntries(CLIENT_TRACE_HOOKS.map((name) => [name, note])),
    gotConn: ({ conn }) => {
      note();
      ports.push(conn.localPort);
    },
  };
}

async function callOnce(way: Way, path: string, random: Random): Promise<Call> {
  const span = telemetry.tracerProvider.getTracer('program').startSpan('program', { root: true });
  const call: Call = {
    ...{ path, way, caller: span.spanContext(), contexts: [], ports: [] },
    outcome: 'hung',
  };
  const caller = new AbortController();
  const timers = new AbortController();
  const ctx = withClientTrace(trace.setSpan(ROOT_CONTEXT, span), noting(call));
  const asked = context
    .with(ctx, () => way.ask(path, caller.signal))
    .then(
      () => 'answered' as const,
      // What goes wrong is part of the storm.
      () => 'failed' as const,
    );
  const patience = random.below(4) === 0 ? random.below(25) : PATIENCE_MS;
  call.outcome = await Promise.race([asked, giveUp(caller, patience, timers.signal)]);
  timers.abort();
  span.end();
  return call;
}

async function giveUp(caller: AbortController, patience: number, signal: AbortSignal): Promise<'hung'> {
  try {
    await setTimeout(patience, undefined, { signal });
    caller.abort();
    await setTimeout(DEADLINE_MS, undefined, { signal });
  } catch {
    // It was answered, or has failed.
  }
  return 'hung';
}

/** What is wrong with all that was recorded of a call. */
function faults(
  { path, way, caller, contexts, ports, outcome }: Call,
  spans: readonly ReadableSpan[],
  seen: readonly Seen[],
): string[] {
  const [span, ...more] = spans;
  const found: string[] = spans.flatMap(spanFaults);
  if (more.length > 0 || (span === undefined && (outcome === 'answered' || seen.length > 0))) {
    found.push(`${spans.length} spans`);
  }
  const id = span?.spanContext().spanId;
  if (span !== undefined && span.parentSpanContext?.spanId !== caller.spanId) {
    found.push('another parent');
  }
  if (seen.some(({ traceparent }) => !traceparent.includes(`${caller.traceId}-${id}`))) {
    found.push('another traceparent');
  }
  if (contexts.some((spanId) => spanId !== id)) {
    found.push('a hook in another context');
  }
  if (outcome === 'answered' && way.isDirect && ports.at(-1) !== seen.at(-1)?.port) {
    found.push('another connection');
  }
  return found.map((fault) => `${path}: ${fault}`);
}

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  it('tells each of 3,000 requests in a storm to its own caller', { timeout: 240_000 }, async () => {
    const random = new Random(flavour.major * 1000);
    const spans = new SpansByPath();
    telemetry.instrument().setTracerProvider(new BasicTracerProvider({ spanProcessors: [spans] }));
    const servers = await stormServers();
    const calls: Call[] = [];
    for (let wave = 0; wave < WAVES; wave++) {
      const { ways, dispatchers } = stormWays(flavour, servers, random);
      const asked: Promise<Call>[] = [];
      for (let i = 0; i < CALLS_PER_WAVE; i++) {
        const path = `/${wave}/${i}/${random.pick(BEHAVIOURS)}`;
        asked.push(callOnce(random.pick(ways), path, random));
        if (random.below(10) === 0) {
          await setImmediate();
        }
      }
      calls.push(...(await Promise.all(asked)));
      const destroyed = Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
      // That of a call which hangs does not always come back.
      await Promise.race([destroyed, setTimeout(3_000)]);
    }
    const spansOf = ({ path }: Call) => spans.started.get(path) ?? [];
    const hangs = (call: Call) => call.outcome === 'hung' || spansOf(call).some(({ ended }) => !ended);
    await vi.waitFor(() => expect(calls.filter(hangs).length).toBeLessThanOrEqual(HUNG_AT_MOST), {
      timeout: 5_000,
    });
    const judged = calls.filter((call) => !hangs(call));
    expect(judged.flatMap((call) => faults(call, spansOf(call), servers.seenOf(call.path)))).toEqual([]);
    expect(judged.filter(({ outcome }) => outcome === 'answered').length).toBeGreaterThan(1_000);
  });
});
