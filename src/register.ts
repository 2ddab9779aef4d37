import { isMainThread, parentPort } from 'node:worker_threads';
import { complain } from './register/complain.js';
import { explain } from './register/explain.js';

/**
 * `node --import opentelemetry-instrumentation-httptrace/register app.js` (or `--require`): an OpenTelemetry SDK
 * as the standard `OTEL_*` variables describe it, with `HttpTraceInstrumentation` in it.
 *
 * Whatever is missing or wrong is one line on stderr, and the program runs as if this were not there.
 */
function register(): void {
  try {
    // Loaded here, for what it imports may be missing.
    const { start }: typeof import('./register/start.js') = require('./register/start.js');
    start();
  } catch (error) {
    // A worker thread is told what the main thread was told.
    if (isMainThread) {
      complain(explain(error));
    }
  }
}

/** A thread of Node's own, in which module hooks run: no program is there. */
const isInternalThread = !isMainThread && parentPort === null;

const REGISTERED = Symbol.for('opentelemetry-instrumentation-httptrace.register');
const shared: typeof globalThis & { [REGISTERED]?: true } = globalThis;

if (!isInternalThread && shared[REGISTERED] === undefined) {
  shared[REGISTERED] = true;
  register();
}
