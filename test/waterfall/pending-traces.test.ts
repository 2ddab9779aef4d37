import { beforeEach, describe, expect, it, vi } from 'vitest';
import { GATHER_LIMITS, PendingTraces } from '../../src/waterfall/pending-traces.js';
import type { GatheredTrace } from '../../src/waterfall/span-tree.js';
import { useFakeClock } from '../support/fake-clock.js';
import { span } from './spans.js';

const ONE = '00000000000000000000000000000001';
const TWO = '00000000000000000000000000000002';
const THREE = '00000000000000000000000000000003';

let finished: GatheredTrace[];

function pendingTraces(limits = GATHER_LIMITS): PendingTraces {
  return new PendingTraces((trace) => finished.push(trace), limits);
}

function names(): string[][] {
  return finished.map(({ spans }) => spans.map(({ name }) => name));
}

useFakeClock();

beforeEach(() => {
  finished = [];
});

describe('a trace is finished', () => {
  it('50 ms after its last span, when its root and all parents are there', () => {
    const pending = pendingTraces();
    pending.add(span({ name: 'child', id: 'b', parent: 'a' }));
    pending.add(span({ name: 'root', id: 'a' }));
    vi.advanceTimersByTime(40);
    pending.add(span({ name: 'late child', id: 'c', parent: 'a' }));
    vi.advanceTimersByTime(49);
    expect(names()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(names()).toEqual([['child', 'root', 'late child']]);
    expect(pending.isEmpty).toBe(true);
  });

  it('250 ms after its last span, when it began elsewhere', () => {
    const pending = pendingTraces();
    pending.add(span({ name: 'server', id: 'b', parent: 'a', remoteParent: true }));
    vi.advanceTimersByTime(249);
    expect(names()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(names()).toEqual([['server']]);
  });

  it('not before its root ends, up to half a minute after its last span', () => {
    const pending = pendingTraces();
    pending.add(span({ name: 'child', id: 'b', parent: 'a' }));
    vi.advanceTimersByTime(29_000);
    pending.add(span({ name: 'second child', id: 'c', parent: 'a' }));
    vi.advanceTimersByTime(29_999);
    expect(names()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(names()).toEqual([['child', 'second child']]);
  });

  it('again, soon, when spans of it come after it was drawn', () => {
    const pending = pendingTraces();
    pending.add(span({ name: 'root', id: 'a' }));
    vi.advanceTimersByTime(50);
    pending.add(span({ name: 'straggler', id: 'c', parent: 'b' }));
    vi.advanceTimersByTime(250);
    expect(names()).toEqual([['root'], ['straggler']]);
  });

  it('and is forgotten when a thousand others were drawn since', () => {
    const pending = pendingTraces();
    const idOf = (n: number): string => n.toString(16).padStart(32, '0');
    for (let n = 0; n <= 1000; n++) {
      pending.add(span({ name: 'root', id: 'a', traceId: idOf(n) }));
      vi.advanceTimersByTime(50);
    }
    finished = [];
    pending.add(span({ name: 'of the first', id: 'c', parent: 'b', traceId: idOf(0) }));
    pending.add(span({ name: 'of the last', id: 'c', parent: 'b', traceId: idOf(1000) }));
    vi.advanceTimersByTime(250);
    expect(names()).toEqual([['of the last']]);
  });

  it('when it is flushed', () => {
    const pending = pendingTraces();
    pending.add(span({ name: 'child', id: 'b', parent: 'a', traceId: ONE }));
    pending.add(span({ name: 'root', id: 'c', traceId: TWO }));
    pending.flush();
    expect(names()).toEqual([['child'], ['root']]);
    vi.runAllTimers();
    expect(finished).toHaveLength(2);
  });

  it('when too many spans are held: the oldest goes first', () => {
    const pending = pendingTraces({ ...GATHER_LIMITS, mostSpans: 3 });
    for (const [name, traceId] of [
      ['a', ONE],
      ['b', ONE],
      ['c', TWO],
      ['d', THREE],
    ] as const) {
      pending.add(span({ name, traceId, parent: 'elsewhere' }));
    }
    expect(names()).toEqual([['a', 'b']]);
  });
});

describe('the dial of a connection', () => {
  const setup = { name: 'HTTP connection_setup a:80', id: 'e1', traceId: TWO, start: 2, end: 8 };
  const dns = { name: 'DNS lookup a', id: 'e2', traceId: TWO, parent: 'e1', start: 2, end: 5 };
  const link = [{ traceId: TWO, spanId: 'e1' }];

  it('goes with the request that began it', () => {
    const pending = pendingTraces();
    pending.add(span(dns));
    pending.add(span(setup));
    pending.add(span({ name: 'GET', id: 'c1', traceId: ONE, start: 1, links: link }));
    vi.advanceTimersByTime(50);
    expect(names()).toEqual([['GET']]);
    expect(finished[0]?.dials.get('c1')?.map(({ name }) => name)).toEqual(['DNS lookup a']);
    expect(pending.isEmpty).toBe(true);
  });

  it('is only a link for a request that began later', () => {
    const pending = pendingTraces();
    pending.add(span(setup));
    pending.add(span({ name: 'GET', id: 'c1', traceId: ONE, start: 9, links: link }));
    vi.advanceTimersByTime(50);
    expect(finished[0]?.dials.size).toBe(0);
    expect(finished[0]?.isSetup('e1')).toBe(true);
    vi.advanceTimersByTime(30_000);
    expect(names()).toEqual([['GET'], ['HTTP connection_setup a:80']]);
  });

  it('goes with its request also when both are flushed, in whatever order they came', () => {
    const pending = pendingTraces();
    pending.add(span(setup));
    pending.add(span(dns));
    pending.add(span({ name: 'GET', id: 'c1', traceId: ONE, start: 1, links: link }));
    pending.flush();
    expect(names()).toEqual([['GET']]);
    expect(finished[0]?.dials.get('c1')).toHaveLength(1);
  });
});
