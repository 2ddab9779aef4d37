import type { TimeInput } from '@opentelemetry/api';
import type { Origin } from '../../origin.js';
import type { RequestCounter } from '../../status/request-counter.js';
import type { Instruments } from '../instruments.js';
import type { ClientSettings } from './settings.js';
import type { ClientRequestView } from './views/view.js';

/** What was known of an outgoing request when it began. */
export interface ClientStart {
  readonly settings: ClientSettings;
  /** The instruments of the beginning. What was added to a counter must be taken from the same counter. */
  readonly instruments: Instruments;
  readonly counter: RequestCounter;
  readonly view: ClientRequestView;
  /** See `epochAt`. */
  readonly epoch: number;
  /** `http.request.method` */
  readonly method: string;
  readonly server: Origin;
  /** `url.template`, if a hook of the program's supplied it. */
  template: string | undefined;
}

/** Converts times of our clock for one span. The span of another instrumentation has its own clock. */
export interface SpanClock {
  /** @param at On our clock. */
  timeAt(at: number): TimeInput;
  /** The same moment for a span below it, which would take the result of `timeAt` by another clock. */
  timeBelowAt(at: number): TimeInput;
}
