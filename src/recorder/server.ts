import { seesBytes } from '../runtime.js';

/** How a request ended. */
export type ServerOutcome =
  /** The whole response was handed to the network. */
  | 'finished'
  /** The peer went away before that. */
  | 'aborted'
  /** This side gave the response up. */
  | 'destroyed'
  /** A listener threw. */
  | 'threw'
  /** The connection was handed over to another protocol. */
  | 'hijacked';

/**
 * The facts of one incoming request: what happened, and when.
 *
 * A method for something that happens once returns whether this was the first time.
 */
export class ServerRecord {
  readonly startedAt: number;
  /** Status of the final response; `undefined` before its head is written. */
  statusCode: number | undefined = undefined;
  headAt = Number.NaN;
  /** Whether a head that was written has left this process. */
  headLeft = true;
  private hasBody = false;
  private isFlushed = false;
  /** When the program had written the whole response. */
  endedAt = Number.NaN;
  /** Bytes of the response's body that were handed to the operating system; `NaN` if they cannot be seen. */
  bodyBytes = seesBytes ? 0 : Number.NaN;
  /** Bytes of the request's body that were read. */
  requestBodyBytes = 0;
  /** The first error that the program, Node or an exception reported. */
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

  /**
   * A part of what was written never left this process.
   *
   * @param unsent Bytes of the body that never left.
   * @param headSent Whether the head left.
   */
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
