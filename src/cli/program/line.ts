import type { ReadableSpan } from '../../waterfall/readable-span.js';
import type { Step } from './steps.js';

/** The variables that tell the processes of a program where to write, and what. */
export const ENV_FILE = 'HTTPTRACE_FILE';
export const ENV_SERVERS = 'HTTPTRACE_SERVERS';

/** The part of a span that is written. */
export type SpanLine = Omit<ReadableSpan, 'spanContext' | 'parentSpanContext' | 'links' | 'resource'>;

/** One line that a process writes: a request begins, gets a step further, or is over. */
export interface Line {
  pid: number;
  /** Id of the worker thread; 0 for the main thread. */
  thread: number;
  /** Number of the request in its thread. */
  id: number;
  underWay?: true;
  /** The span as far as it is known. Present when the request begins and when it is over. */
  span?: SpanLine;
  /** The step. Present in between. */
  step?: Step;
}
