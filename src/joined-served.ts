import type { Closing, ServerTrace, WatchedSteps } from './source/server/trace.js';

/**
 * One trace of an incoming request that tells two: the one who records it, if anybody does, in whose context it runs,
 * and one who only looks on. Either is told no step that it does not ask for.
 */
export class JoinedServed implements ServerTrace {
  readonly steps: WatchedSteps;
  private readonly owner: ServerTrace | undefined;
  private readonly both: readonly ServerTrace[];

  constructor(owner: ServerTrace | undefined, onlooker: ServerTrace) {
    this.owner = owner;
    this.both = owner === undefined ? [onlooker] : [owner, onlooker];
    this.steps = {
      head: this.both.some(({ steps }) => steps.head),
      body: this.both.some(({ steps }) => steps.body),
      flush: this.both.some(({ steps }) => steps.flush),
      informational: this.both.some(({ steps }) => steps.informational),
      push: this.both.some(({ steps }) => steps.push),
      requestBody: this.both.some(({ steps }) => steps.requestBody),
    };
  }

  get endsBeforeListeners(): boolean {
    return this.owner?.endsBeforeListeners ?? false;
  }

  isActive(): boolean {
    return this.owner?.isActive() ?? true;
  }

  run<Result>(fn: (...args: unknown[]) => Result, self: unknown, args: unknown[]): Result {
    return this.owner === undefined ? Reflect.apply(fn, self, args) : this.owner.run(fn, self, args);
  }

  wroteInformational(statusCode: number): void {
    this.tell('informational', (trace) => trace.wroteInformational(statusCode));
  }

  wroteHead(statusCode: number, headers?: unknown): void {
    this.tell('head', (trace) => trace.wroteHead(statusCode, headers));
  }

  wroteBody(bytes: number, at?: number): void {
    this.tell('body', (trace) => trace.wroteBody(bytes, at));
  }

  flushed(): void {
    this.tell('flush', (trace) => trace.flushed());
  }

  ended(at?: number): void {
    this.tell('body', (trace) => trace.ended(at));
  }

  pushed(path: string): void {
    this.tell('push', (trace) => trace.pushed(path));
  }

  gotBody(bytes: number): void {
    this.tell('requestBody', (trace) => trace.gotBody(bytes));
  }

  errored(error: unknown): void {
    this.tell(undefined, (trace) => trace.errored(error));
  }

  threw(error: unknown): void {
    this.tell(undefined, (trace) => trace.threw(error));
  }

  hijacked(protocol: string | undefined): void {
    this.tell(undefined, (trace) => trace.hijacked(protocol));
  }

  finished(): void {
    this.tell(undefined, (trace) => trace.finished());
  }

  closed(closing: Closing): void {
    this.tell(undefined, (trace) => trace.closed(closing));
  }

  private tell(step: keyof WatchedSteps | undefined, what: (trace: ServerTrace) => void): void {
    for (const trace of this.both) {
      if (step === undefined || trace.steps[step]) {
        what(trace);
      }
    }
  }
}
