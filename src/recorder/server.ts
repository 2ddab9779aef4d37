import { seesBytes } from '../runtime.js';

/** How a request came to its end. */
export type ServerOutcome =
  /** All of the response was handed to the network. */
  | 'finished'
  /** The peer went away before. */
  | 'aborted'
  /** This side gave the response up. */
  | 'destroyed'
  /** A listener threw. */
  | 'threw'
  /** The connection was handed over to another protocol. */
  | 'hijacked';

/**
 * The facts of one incoming request: what happened and when, and nothing of what becomes of it.
 *
 * A method that notes something that happens once says whether this was it.
 */
export class ServerRecord {
  readonly startedAt: number;
  /** Of the final response. */
  statusCode: number | undefined = undefined;
  headAt = Number.NaN;
  /** Whether the head, if it was written, has left this process. */
  headLeft = true;
  private hasBody = false;
  private isFlushed = false;
  /** When the program had written all of the response. */
  endedAt = Number.NaN;
  /** What was written of the response's body, and handed to the operating system; NaN if it could not be seen. */
  bodyBytes = seesBytes ? 0 : Number.NaN;
  /** What was read of the request's body. */
  requestBodyBytes = 0;
  /** What was reported first: by the program, by Node, or by an exception. */
  error: unknown = undefined;
  hasError = false;
  outcome: ServerOutcome | undefined = undefined;
  closedAt = Number.NaN;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  wroteHead(statusCode: number, at: number): boolean {
    if (this.outcome !== undefined || this.statusCode !== undefined) {
      return false;
    }
    this.statusCode = statusCode;
    this.headAt = at;
    return true;
  }

  wroteBody(bytes: number): boolean {
    if (this.outcome !== undefined || bytes === 0) {
      return false;
    }
    const isFirst = !this.hasBody;
    this.hasBody = true;
    this.bodyBytes += bytes;
    return isFirst;
  }

  flushed(): boolean {
    const isFirst = this.outcome === undefined && !this.isFlushed;
    this.isFlushed = true;
    return isFirst;
  }

  ended(at: number): void {
    if (this.outcome === undefined && Number.isNaN(this.endedAt)) {
      this.endedAt = at;
    }
  }

  /** Of what was written, so much never left this process; of the head too, if it never did. */
  cutOff(unsent: number, headSent: boolean): void {
    if (this.outcome !== undefined) {
      return;
    }
    this.bodyBytes = Math.max(0, this.bodyBytes - unsent);
    this.headLeft = headSent;
  }

  gotBody(bytes: number): void {
    this.requestBodyBytes += bytes;
  }

  errored(error: unknown): void {
    if (!this.hasError && this.outcome === undefined) {
      this.hasError = true;
      this.error = error;
    }
  }

  closed(outcome: ServerOutcome, at: number): boolean {
    if (this.outcome !== undefined) {
      return false;
    }
    this.outcome = outcome;
    this.closedAt = at;
    return true;
  }
}
