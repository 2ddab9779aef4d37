import type { ReadableSpan } from '../../waterfall/readable-span.js';
import type { Step } from './steps.js';

/** Where the processes of a program write to, and what they are to tell. */
export const ENV_FILE = 'HTTPTRACE_FILE';
export const ENV_SERVERS = 'HTTPTRACE_SERVERS';

/** What is written of a span. */
export type SpanLine = Omit<ReadableSpan, 'spanContext' | 'parentSpanContext' | 'links' | 'resource'>;

/** One line of what a process tells: a request begins, gets a step further, or is over. */
export interface Line {
  pid: number;
  /** Of a worker, its thread; 0 for the main one. */
  thread: number;
  /** Tells the requests of one thread apart. */
  id: number;
  underWay?: true;
  /** At its begin and at its end: as far as it is known. */
  span?: SpanLine;
  /** In between. */
  step?: Step;
}
