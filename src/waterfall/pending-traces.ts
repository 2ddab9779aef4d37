import { now } from '../clock.js';
import type { ReadableSpan } from './readable-span.js';
import { isConnectionSetup } from './span-phases.js';
import type { GatheredTrace } from './span-tree.js';

/** How long to wait for more spans, in milliseconds, and how many spans to keep. */
export interface GatherLimits {
  /** Wait after the last span of a trace that looks complete. More spans may end a moment later. */
  settleMs: number;
  /** Wait after the last span of a trace that began elsewhere. A request of this process may be its caller, and still run. */
  remoteSettleMs: number;
  /** Wait after the last span of a trace in which a parent has not ended. */
  abandonedMs: number;
  /** Most spans of all traces together. If there are more, the trace that has waited longest is drawn as it is. */
  mostSpans: number;
}

/** @internal Exported for its tests. */
export const GATHER_LIMITS: GatherLimits = {
  settleMs: 50,
  remoteSettleMs: 250,
  abandonedMs: 30_000,
  mostSpans: 10_000,
};

/** How many ids of drawn traces are remembered, and how many of connections. */
const MOST_REMEMBERED = 1_000;

interface PendingTrace {
  spans: ReadableSpan[];
  /** When the last span came, on the monotonic clock. */
  lastAt: number;
  timer: NodeJS.Timeout | undefined;
}

/** Collects spans by trace, and hands each trace over when it is finished, as far as one process can tell. */
export class PendingTraces {
  private readonly traces = new Map<string, PendingTrace>();
  private readonly drawn = new RecentIds(MOST_REMEMBERED);
  private readonly setups = new RecentIds(MOST_REMEMBERED);
  private readonly finished: (trace: GatheredTrace) => void;
  private readonly limits: GatherLimits;
  private held = 0;

  constructor(finished: (trace: GatheredTrace) => void, limits: GatherLimits = GATHER_LIMITS) {
    this.finished = finished;
    this.limits = limits;
  }

  get isEmpty(): boolean {
    return this.traces.size === 0;
  }

  add(span: ReadableSpan): void {
    const { traceId, spanId } = span.spanContext();
    if (isConnectionSetup(span)) {
      this.setups.add(spanId);
    }
    const trace = this.traces.get(traceId) ?? { spans: [], lastAt: 0, timer: undefined };
    this.traces.set(traceId, trace);
    trace.spans.push(span);
    trace.lastAt = now();
    trace.timer ??= this.lookAgain(traceId, this.limits.settleMs);
    this.held += 1;
    this.makeRoom();
  }

  /** Hands over all traces that are left. */
  flush(): void {
    // A dial is drawn with the request that links to it, so dials come last.
    const ids = [...this.traces.keys()];
    const isDial = (id: string): boolean => this.traces.get(id)?.spans.some(isConnectionSetup) === true;
    for (const id of [...ids.filter((id) => !isDial(id)), ...ids.filter(isDial)]) {
      this.finish(id);
    }
  }

  /** The timer does not keep the process alive. Traces that are left at its exit are drawn then. */
  private lookAgain(traceId: string, ms: number): NodeJS.Timeout {
    return setTimeout(() => this.look(traceId), ms).unref();
  }

  private look(traceId: string): void {
    const trace = this.traces.get(traceId);
    if (trace === undefined) {
      return;
    }
    const left = trace.lastAt + this.patience(traceId, trace.spans) - now();
    if (left > 0) {
      trace.timer = this.lookAgain(traceId, Math.ceil(left));
    } else {
      this.finish(traceId);
    }
  }

  private patience(traceId: string, spans: readonly ReadableSpan[]): number {
    if (spans.some(isConnectionSetup)) {
      return this.limits.abandonedMs;
    }
    const here = new Set(spans.map((span) => span.spanContext().spanId));
    const missing = spans
      .map(({ parentSpanContext }) => parentSpanContext)
      .filter((parent) => parent !== undefined && !here.has(parent.spanId));
    if (missing.length === 0) {
      return this.limits.settleMs;
    }
    const fromElsewhere = missing.every((parent) => parent?.isRemote === true);
    return fromElsewhere || this.drawn.has(traceId) ? this.limits.remoteSettleMs : this.limits.abandonedMs;
  }

  private makeRoom(): void {
    while (this.held > this.limits.mostSpans) {
      const [oldest] = this.traces.keys();
      if (oldest === undefined) {
        return;
      }
      this.finish(oldest);
    }
  }

  private finish(traceId: string): void {
    const trace = this.take(traceId);
    if (trace !== undefined) {
      this.drawn.add(traceId);
      const dials = this.takeDials(trace.spans);
      this.finished({ traceId, spans: trace.spans, dials, isSetup: (spanId) => this.setups.has(spanId) });
    }
  }

  private take(traceId: string): PendingTrace | undefined {
    const trace = this.traces.get(traceId);
    if (trace !== undefined) {
      clearTimeout(trace.timer);
      this.traces.delete(traceId);
      this.held -= trace.spans.length;
    }
    return trace;
  }

  /** The dials of the requests of this trace. A connection that is older than its request is not dialled by it. */
  private takeDials(spans: readonly ReadableSpan[]): Map<string, readonly ReadableSpan[]> {
    const dials = new Map<string, ReadableSpan[]>();
    for (const span of spans) {
      for (const { context } of span.links) {
        const dial = this.traces.get(context.traceId)?.spans ?? [];
        const setup = dial.find((part) => part.spanContext().spanId === context.spanId);
        if (setup !== undefined && isConnectionSetup(setup) && !startsBefore(setup, span)) {
          const { spanId } = span.spanContext();
          const parts = this.take(context.traceId)?.spans.filter((part) => part !== setup) ?? [];
          dials.set(spanId, [...(dials.get(spanId) ?? []), ...parts]);
        }
      }
    }
    return dials;
  }
}

function startsBefore(a: ReadableSpan, b: ReadableSpan): boolean {
  return (a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1]) < 0;
}

/** The ids that were added last. */
class RecentIds {
  private readonly ids = new Set<string>();
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  has(id: string): boolean {
    return this.ids.has(id);
  }

  add(id: string): void {
    this.ids.delete(id);
    this.ids.add(id);
    const [oldest] = this.ids;
    if (this.ids.size > this.most && oldest !== undefined) {
      this.ids.delete(oldest);
    }
  }
}
