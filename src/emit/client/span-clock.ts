import type { TimeInput } from '@opentelemetry/api';

/** Tells when something happened as one span takes it: a span of another instrumentation has its own clock. */
export interface SpanClock {
  /** @param at On our clock. */
  timeAt(at: number): TimeInput;
}
