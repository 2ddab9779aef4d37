import type { Context } from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { CLIENT_TRACE_HOOKS } from '../../../src/httptrace/compose.js';
import { type RecordedTrace, registry } from '../../../src/registry.js';
import type { Stop } from '../../../src/source/request-trace.js';
import { newCounters } from '../../../src/status/request-counter.js';
import { type ConnAtHand, withLocalPort } from '../event-recorder.js';
import { type Fact, illegalities } from '../telemetry/legal-order.js';

/** All that was told of one request. */
export interface LedgerEntry {
  readonly path: string;
  readonly context: Context;
  readonly facts: readonly Fact[];
}

const FACTS = [
  ...CLIENT_TRACE_HOOKS,
  'wroteBodyChunk',
  'gotResponse',
  'gotBodyChunk',
  'ended',
  'failed',
] as const;

/**
 * Keeps an account of every request of a test file. After each test all of them must have come to exactly one
 * end, and what happened in between must be possible.
 */
export function useRequestLedger(): RequestLedger {
  const ledger = new RequestLedger();
  let stop: Stop;
  beforeAll(() => {
    stop = registry().record({
      counters: newCounters(),
      undici: ({ request }, ctx) => ledger.open(request.path, ctx),
      node: ({ request }, ctx) => ledger.open(request.path, ctx),
      http2: ({ headers }, ctx) => ledger.open(headers.path, ctx),
      grpc: true,
    });
  });
  afterEach(async () => {
    try {
      await ledger.settled();
      expect(ledger.entries.flatMap(({ facts }) => illegalities(facts))).toEqual([]);
    } finally {
      ledger.clear();
    }
  });
  afterAll(() => stop());
  return ledger;
}

export class RequestLedger {
  entries: LedgerEntry[] = [];

  /** The only request for this path. */
  of(path: string): LedgerEntry {
    const [entry, ...more] = this.entries.filter((candidate) => candidate.path === path);
    if (entry === undefined || more.length > 0) {
      throw new Error(`${more.length + (entry === undefined ? 0 : 1)} requests for ${path}`);
    }
    return entry;
  }

  /** The connection that the request for this path was given. */
  gotConn(path: string): ConnAtHand {
    const [fact, ...more] = this.of(path).facts.filter(({ name }) => name === 'gotConn');
    if (fact === undefined || more.length > 0) {
      throw new Error(`${path} was given ${more.length + (fact === undefined ? 0 : 1)} connections`);
    }
    return fact.args[0] as ConnAtHand;
  }

  /** How often this was told, of all requests together. */
  count(name: string): number {
    return this.entries.flatMap(({ facts }) => facts).filter((fact) => fact.name === name).length;
  }

  open(path: string, context: Context): RecordedTrace {
    const facts: Fact[] = [];
    this.entries.push({ path, context, facts });
    const trace: Record<string, unknown> = { context };
    for (const name of FACTS) {
      trace[name] = (...args: unknown[]) => {
        facts.push({ name, args: name === 'gotConn' ? [withLocalPort(args[0])] : args });
      };
    }
    return trace as RecordedTrace & Record<string, unknown>;
  }

  /** Waits until each request that was begun has ended. */
  async settled(): Promise<void> {
    await vi.waitFor(() => expect(this.entries.filter(isOpen).map(({ path }) => path)).toEqual([]), {
      timeout: 5_000,
      interval: 5,
    });
  }

  clear(): void {
    this.entries = [];
  }
}

function isOpen({ facts }: LedgerEntry): boolean {
  return !facts.some(({ name }) => name === 'ended' || name === 'failed');
}
