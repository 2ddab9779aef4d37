// `performance` is imported, because the global of that name is an accessor that each read would call.
import { performance } from 'node:perf_hooks';
import type { HrTime } from '@opentelemetry/api';

/** How far the wall clock may drift from ours before we follow it, in milliseconds. `Date.now` cuts off up to 1. */
const TOLERANCE_MS = 2;

/** The two clocks are compared once in this time at most, in milliseconds. */
const COMPARED_EVERY_MS = 1000;

let epoch = performance.timeOrigin;
let comparedAt = Number.NEGATIVE_INFINITY;

let moment = Number.NaN;

/** Milliseconds on the monotonic clock of this process. Between `enterMoment` and `leaveMoment` they do not move on. */
export function now(): number {
  return Number.isNaN(moment) ? performance.now() : moment;
}

/**
 * Holds `now` until `leaveMoment`, so that all facts of one moment have one time however long a hook takes. It takes no
 * callback, because the call would cost more than all that it does.
 *
 * @param at The time to hold. To be given if the moment is told later than it happened.
 * @returns The argument of `leaveMoment`.
 */
export function enterMoment(at = performance.now()): number {
  const before = moment;
  moment = at;
  return before;
}

/** Ends the moment that `enterMoment` began. `before` is what that returned. */
export function leaveMoment(before: number): void {
  moment = before;
}

/**
 * The wall-clock time of the monotonic clock's zero, in milliseconds since 1970.
 *
 * All spans of a process share it, so that a server's span lies inside its client's to the microsecond. Each request keeps
 * the value of its beginning, so that its times never run backwards, even when the wall clock is set.
 *
 * @param at The present time of the monotonic clock.
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

/** Seconds of a duration in milliseconds, rounded to whole microseconds. */
export function toSeconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}

/** A moment as seconds and nanoseconds since 1970. OpenTelemetry takes this form with the least work. */
export function toHrTime(epochMs: number, at: number): HrTime {
  const ms = epochMs + at;
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
}
