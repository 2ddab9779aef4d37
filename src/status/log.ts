import { inspect } from 'node:util';
import { diag } from '@opentelemetry/api';
import type { HttpTraceStatus } from './report.js';

/** Asks only when it is written: whether anybody reads debug messages, the API does not tell. */
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
  try {
    diag.debug('httptrace: status', new StatusLine(ask));
  } catch {
    // A logger that throws leaves nobody to tell.
  }
}

/** The same when the SDK that the instrumentation is given to had time to start. */
export function logStatusSoon(ask: () => HttpTraceStatus): void {
  process.nextTick(logStatus, ask);
}
