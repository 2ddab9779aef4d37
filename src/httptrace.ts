import type { Context } from '@opentelemetry/api';
import type { ClientTrace } from './httptrace/client-trace.js';
import { CLIENT_TRACE_HOOKS, compose } from './httptrace/compose.js';
import { contextClientTrace, setClientTrace } from './httptrace/context.js';
import { registry } from './registry.js';

export type {
  ClientTrace,
  DNSDoneInfo,
  DNSStartInfo,
  GotConnInfo,
  TLSConnectionState,
  WroteRequestInfo,
} from './httptrace/client-trace.js';
export { contextClientTrace };

/**
 * A context in which each HTTP request runs the hooks of `trace`, then the hooks that `ctx` already had.
 * Go's `httptrace.WithClientTrace`.
 *
 * Needs a registered context manager, because only that makes a context the active one. Needs no SDK and no
 * instrumentation.
 *
 * ```ts
 * context.with(withClientTrace(context.active(), { dnsDone: (info) => console.log(info) }), () => fetch(url));
 * ```
 *
 * @throws TypeError if `trace` is no object, or if one of its hooks is neither a function nor `undefined`.
 */
export function withClientTrace(ctx: Context, trace: ClientTrace): Context {
  if (typeof trace !== 'object' || trace === null) {
    throw new TypeError(
      `withClientTrace: the trace must be an object with hooks, but it is ${kindOf(trace)}`,
    );
  }
  for (const name of CLIENT_TRACE_HOOKS) {
    const hook: unknown = trace[name];
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`withClientTrace: the ${name} hook must be a function, but it is ${kindOf(hook)}`);
    }
  }
  registry().observeForCallers();
  const inner = contextClientTrace(ctx);
  return setClientTrace(ctx, inner === undefined ? trace : compose(trace, inner));
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
