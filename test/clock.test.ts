import { describe, expect, it, vi } from 'vitest';
import { enterMoment, epochAt, leaveMoment, now, toHrTime, toSeconds } from '../src/clock.js';
import { useFakeClock } from './support/fake-clock.js';

useFakeClock();

describe('a moment', () => {
  it('lasts until it is left, however long that takes', () => {
    const before = enterMoment();
    const at = now();
    vi.advanceTimersByTime(5);
    expect(now()).toBe(at);
    leaveMoment(before);
    expect(now()).toBe(at + 5);
  });

  it('within another one is over first', () => {
    const outer = enterMoment();
    const outerAt = now();
    vi.advanceTimersByTime(5);
    const inner = enterMoment();
    expect(now()).toBe(outerAt + 5);
    leaveMoment(inner);
    expect(now()).toBe(outerAt);
    leaveMoment(outer);
    expect(now()).toBe(outerAt + 5);
  });
});

describe('the epoch', () => {
  /** What it says when a second has passed, and the wall clock has been set by so much meanwhile. */
  function afterSetting(ms: number): number {
    const before = epochAt(performance.now());
    vi.setSystemTime(Date.now() + ms);
    vi.advanceTimersByTime(1000);
    return epochAt(performance.now()) - before;
  }

  it('follows the wall clock once that has parted by more than its own rounding', () => {
    epochAt(performance.now());
    vi.advanceTimersByTime(1000);
    epochAt(performance.now());
    expect(afterSetting(1)).toBe(0);
    expect(Math.round(afterSetting(10))).toBeGreaterThanOrEqual(10);
    expect(Math.round(afterSetting(-3_600_000))).toBe(-3_600_000);
  });

  it('stays what it is for a second', () => {
    const before = epochAt(performance.now());
    vi.setSystemTime(Date.now() + 5000);
    expect(epochAt(performance.now() + 999)).toBe(before);
  });
});

it('rounds what is recorded to whole microseconds', () => {
  expect([0.7703079999992042, 0, 1234.5678, 600.0004].map(toSeconds)).toEqual([0.00077, 0, 1.234568, 0.6]);
});

it('tells a moment in seconds and nanoseconds', () => {
  expect(toHrTime(1_700_000_000_000, 1500.25)).toEqual([1_700_000_001, 500_250_000]);
});
