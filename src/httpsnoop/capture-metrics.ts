// The global of this name is an accessor, which each read would call.
import { performance } from 'node:perf_hooks';
import { seesBytes } from '../runtime.js';
import { follow } from './follow.js';
import type { HttpResponse } from './hooks.js';
import type { Closing, ResponseObserver } from './response-observer.js';

/**
 * What a response was. Go's `httpsnoop.Metrics`. `code` and `written` follow what Node hands to the connection,
 * which may be a tick after the call; `duration` is set when the response closes.
 */
export class Metrics {
  /**
   * The first final status that was sent: 101 is final, other 1xx are not, and what is set after the head was
   * written does not count. 200 if none was sent.
   */
  code = 200;

  /**
   * From the call to the close of the response, in milliseconds. Before the close 0, or the time to the failure of
   * the handler.
   */
  duration = 0;

  /**
   * Bytes of the body that were sent, compressed if they were; without the head, and without what chunked
   * transfer encoding or HTTP/2 framing adds. What was written counts at once; of a response that was cut off, what
   * the operating system did not take is taken off again at the close. Not a number where it is not known: in Deno
   * and Bun.
   */
  written = 0;
}

class Capture implements ResponseObserver {
  readonly countsBody = true;
  private readonly metrics: Metrics;
  private readonly resolve: (metrics: Metrics) => void;
  private readonly reject: (error: unknown) => void;
  private readonly started = performance.now();
  /** What this capture has added to `metrics.written`. */
  private counted = 0;
  private isClosed = false;
  private hasFailed = false;

  constructor(metrics: Metrics, resolve: (metrics: Metrics) => void, reject: (error: unknown) => void) {
    this.metrics = metrics;
    this.resolve = resolve;
    this.reject = reject;
  }

  run<Res extends HttpResponse>(res: Res, fn: (res: Res) => unknown): void {
    if (!seesBytes) {
      this.metrics.written = Number.NaN;
    }
    follow(res, this);
    try {
      const result = fn(res);
      if (isThenable(result)) {
        Promise.resolve(result).then(undefined, (error) => this.failed(error));
      }
    } catch (error) {
      this.failed(error);
    }
  }

  wroteHead(code: number): void {
    this.metrics.code = code;
  }

  wroteBody(bytes: number): void {
    // Of a file that was broken off nobody knows how much was sent.
    if (!Number.isNaN(bytes)) {
      this.counted += bytes;
      this.metrics.written += bytes;
    }
  }

  closed({ unsent }: Closing): void {
    this.isClosed = true;
    this.metrics.written -= Math.min(unsent, this.counted);
    this.stopClock();
    if (!this.hasFailed) {
      this.resolve(this.metrics);
    }
  }

  private failed(error: unknown): void {
    if (this.isClosed) {
      return;
    }
    this.hasFailed = true;
    this.stopClock();
    // From Node 26 on, what was just written is handed on, and counted, in the next tick.
    process.nextTick(this.reject, error);
  }

  private stopClock(): void {
    this.metrics.duration = performance.now() - this.started;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/**
 * Calls a function that answers with this response, and captures what the response was, also what is sent after
 * the function has returned or thrown. Go's `httpsnoop.CaptureMetricsFn`.
 *
 * @param res The response; `fn` gets the same object. One that is already closed gives its status and no bytes.
 * @param fn Called once, at once.
 * @param metrics Where to write the facts, live; a new one unless given. What it holds already is kept: bytes
 *   are added to it.
 * @returns `metrics`, once the response has closed, be it finished or aborted, whether or not `fn` is done then.
 *   Rejects with the very same error when `fn` throws, or gives back a promise that rejects before the close;
 *   `metrics` hold what was seen until then, and go on to the close. What `fn` rejects with later, such as the
 *   echo of an abort, changes nothing any more.
 */
export function captureMetricsFn<Res extends HttpResponse>(
  res: Res,
  fn: (res: Res) => unknown,
  metrics: Metrics = new Metrics(),
): Promise<Metrics> {
  return new Promise((resolve, reject) => new Capture(metrics, resolve, reject).run(res, fn));
}

/**
 * Calls a request handler and captures what its response was. Go's `httpsnoop.CaptureMetrics`.
 *
 * ```js
 * http.createServer(async (req, res) => {
 *   const { code, duration, written } = await captureMetrics(app, req, res);
 *   console.log(`${req.method} ${req.url} ${code} ${written} B ${duration.toFixed(1)} ms`);
 * });
 * ```
 *
 * @param handler Any listener of `request`: a function, an Express or Connect app, Koa's `app.callback()`.
 * @param req Handed on as it is.
 * @param res As for `captureMetricsFn`.
 * @returns As for `captureMetricsFn`.
 */
export function captureMetrics<Req, Res extends HttpResponse>(
  handler: (req: NoInfer<Req>, res: NoInfer<Res>) => unknown,
  req: Req,
  res: Res,
): Promise<Metrics> {
  return captureMetricsFn(res, (response) => handler(req, response));
}
