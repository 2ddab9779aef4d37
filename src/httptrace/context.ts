import type { Context } from '@opentelemetry/api';
import { registry } from '../registry.js';
import { contextClientTrace, setClientTrace } from './active-trace.js';
import type { ClientTrace } from './client-trace.js';
import { compose } from './compose.js';

/**
 * A context in which each HTTP request runs the hooks of `trace`, and after them those that `ctx` already had.
 * Go's `httptrace.WithClientTrace`.
 *
 * Needs a context manager to be registered, for that is what makes a context the active one; an SDK or an
 * instrumentation is not needed.
 *
 * ```ts
 * context.with(withClientTrace(context.active(), { dnsDone: (info) => console.log(info) }), () => fetch(url));
 * ```
 *
 * @throws TypeError when `trace` is missing or no object.
 */
export function withClientTrace(ctx: Context, trace: ClientTrace): Context {
  if (typeof trace !== 'object' || trace === null) {
    const given = trace === null ? 'null' : typeof trace;
    throw new TypeError(`withClientTrace: the trace must be an object with hooks, but it is ${given}`);
  }
  registry().observeForCallers();
  const inner = contextClientTrace(ctx);
  return setClientTrace(ctx, inner === undefined ? trace : compose(trace, inner));
}
