import { isMainThread, parentPort } from 'node:worker_threads';
import { complain } from './register/complain.js';
import { explain } from './register/explain.js';

/**
 * What `node --import opentelemetry-instrumentation-httptrace/register app.js` (or `--require`) does. Starts an OpenTelemetry
 * SDK, which the standard `OTEL_*` variables describe, with `HttpTraceInstrumentation` in it.
 *
 * A failure is one line on stderr, and the program runs as if this were not there.
 */
function register(): void {
  try {
    // Loaded here, because packages that it imports may be missing.
    const { start }: typeof import('./register/start.js') = require('./register/start.js');
    start();
  } catch (error) {
    // A worker thread would repeat the line of the main thread.
    if (isMainThread) {
      complain(explain(error));
    }
  }
}

/** A thread of Node's own runs module hooks, and no program. */
const isInternalThread = !isMainThread && parentPort === null;

const REGISTERED = Symbol.for('opentelemetry-instrumentation-httptrace.register');
const shared: typeof globalThis & { [REGISTERED]?: true } = globalThis;

if (!isInternalThread && shared[REGISTERED] === undefined) {
  shared[REGISTERED] = true;
  register();
}
