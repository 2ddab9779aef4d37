// The global of this name is an accessor, which each read would call.
import { performance } from 'node:perf_hooks';
import type { HrTime } from '@opentelemetry/api';

/** How far the wall clock may part from ours, in milliseconds, before we follow it. `Date.now` cuts off up to 1. */
const TOLERANCE_MS = 2;

/** How often the two are compared at most, in milliseconds. */
const COMPARED_EVERY_MS = 1000;

let epoch = performance.timeOrigin;
let comparedAt = Number.NEGATIVE_INFINITY;

let moment = Number.NaN;

/** Milliseconds on the monotonic clock of this process; after `enterMoment`, when that was. */
export function now(): number {
  return Number.isNaN(moment) ? performance.now() : moment;
}

/**
 * Until `leaveMoment` all happens now, however long somebody's hook takes. No function is taken and called in
 * between: one that calls all of them costs more than what they do.
 *
 * @param at When that is, if it is told later than it happened.
 * @returns What `leaveMoment` must be given.
 */
export function enterMoment(at = performance.now()): number {
  const before = moment;
  moment = at;
  return before;
}

export function leaveMoment(before: number): void {
  moment = before;
}

/**
 * The wall-clock time, in milliseconds since 1970, of the monotonic clock's zero.
 *
 * All spans of a process share it, so that a server's span lies inside its client's to the microsecond. One
 * request keeps the value it began with: its times never run backwards, even when the wall clock is set.
 */
export function epochAt(at: number): number {
  if (at - comparedAt >= COMPARED_EVERY_MS) {
    comparedAt = at;
    const drift = Date.now() - (epoch + at);
    if (drift > TOLERANCE_MS || drift < -TOLERANCE_MS) {
      epoch += drift;
    }
  }
  return epoch;
}

/** A duration as it is recorded: seconds, in whole microseconds, without the noise of a float. */
export function toSeconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}

/** A moment as OpenTelemetry takes it with the least work: seconds and nanoseconds since 1970. */
export function toHrTime(epochMs: number, at: number): HrTime {
  const ms = epochMs + at;
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
}
