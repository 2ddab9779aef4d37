import { errorType } from '../emit/http/error.js';
import { PHASES, type Phase } from '../semconv/semconv.js';
import type { PhaseInterval } from '../waterfall/request-block.js';

/** The order in which an open phase is the one that a request is in. */
const INNERMOST_FIRST: readonly Phase[] = ['receive', 'wait', 'send', 'tls', 'connect', 'dns', 'getconn'];

interface OpenPhase {
  phase: Phase;
  start: number;
  details: readonly string[];
}

/** From when to when each phase of one request lasted. */
export class PhaseLog {
  private readonly open = new Map<string, OpenPhase>();
  private readonly complete: PhaseInterval[] = [];

  /** @param key Tells apart what may happen several times at once. */
  begin(phase: Phase, at: number, details: readonly string[] = [], key: string = phase): void {
    this.open.set(key, { phase, start: at, details });
  }

  /**
   * Ends a phase, if it began.
   *
   * @param describe What is now known of it, from what was known at its start.
   */
  end(
    phase: Phase,
    at: number,
    describe: (details: readonly string[]) => readonly string[] = (details) => details,
    err?: Error,
    key: string = phase,
  ): void {
    const begun = this.open.get(key);
    if (begun !== undefined) {
      this.open.delete(key);
      const interval = { phase, start: begun.start, end: at, details: describe(begun.details) };
      this.complete.push(err === undefined ? interval : { ...interval, error: errorType(err) });
    }
  }

  isOpen(phase: Phase): boolean {
    return [...this.open.values()].some((begun) => begun.phase === phase);
  }

  /**
   * The request failed: what is still open ended with it.
   *
   * @returns The phase that failed: the innermost that was open, else the one that had just ended with an error.
   */
  fail(at: number, type: string): Phase | undefined {
    const last = this.complete.at(-1);
    const open = INNERMOST_FIRST.find((phase) => this.isOpen(phase));
    const isInside = open !== undefined && open !== 'getconn';
    const failed = isInside || last?.error === undefined ? open : last.phase;
    for (const { phase, start, details } of this.open.values()) {
      const interval = { phase, start, end: at, details };
      this.complete.push(phase === failed ? { ...interval, error: type } : interval);
    }
    this.open.clear();
    return failed;
  }

  intervals(): PhaseInterval[] {
    return [...this.complete].sort(byOrder);
  }

  /** Milliseconds that each phase took, from its first start to its last end. */
  durations(): Partial<Record<Phase, number>> {
    const durations: Partial<Record<Phase, number>> = {};
    for (const phase of PHASES) {
      const own = this.complete.filter((interval) => interval.phase === phase);
      if (own.length > 0) {
        const start = Math.min(...own.map((interval) => interval.start));
        durations[phase] = rounded(Math.max(...own.map(({ end }) => end)) - start);
      }
    }
    return durations;
  }
}

/** Milliseconds to the microsecond: more digits than that mean nothing. */
export function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function byOrder(a: PhaseInterval, b: PhaseInterval): number {
  return PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) || a.start - b.start;
}
