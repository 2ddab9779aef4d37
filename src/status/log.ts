import { inspect } from 'node:util';
import { reportDebug } from '../diagnostics.js';
import type { HttpTraceStatus } from './report.js';

/** Asks for the status only when it is written. The API does not say whether anybody reads debug messages. */
class StatusLine {
  private readonly ask: () => HttpTraceStatus;

  constructor(ask: () => HttpTraceStatus) {
    this.ask = ask;
  }

  toJSON(): HttpTraceStatus {
    return this.ask();
  }

  toString(): string {
    return JSON.stringify(this);
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Logs the status in one debug message. */
export function logStatus(ask: () => HttpTraceStatus): void {
  reportDebug('httptrace: status', new StatusLine(ask));
}

/** Logs the status after the SDK, which the instrumentation is given to, had time to start. */
export function logStatusSoon(ask: () => HttpTraceStatus): void {
  process.nextTick(logStatus, ask);
}
