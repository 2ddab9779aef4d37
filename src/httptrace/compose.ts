import { reportError } from '../diagnostics.js';
import type { ClientTrace, ClientTraceHook } from './client-trace.js';

/** The names of all hooks, in the order in which they run. */
export const CLIENT_TRACE_HOOKS = [
  'getConn',
  'dnsStart',
  'dnsDone',
  'connectStart',
  'connectDone',
  'tlsHandshakeStart',
  'tlsHandshakeDone',
  'gotConn',
  'wroteHeaderField',
  'wroteHeaders',
  'wait100Continue',
  'wroteRequest',
  'gotFirstResponseByte',
  'got100Continue',
  'got1xxResponse',
  'putIdleConn',
] as const satisfies readonly ClientTraceHook[];

type Hook = (...args: unknown[]) => unknown;

/** The traces of which a trace was composed, so that composing again stays flat. */
const parts = new WeakMap<ClientTrace, readonly ClientTrace[]>();

/**
 * One trace that runs each hook of `outer`, then the same hook of `inner`. A hook that neither has stays absent. A hook runs
 * even if another one throws.
 */
export function compose(outer: ClientTrace, inner: ClientTrace): ClientTrace {
  const traces = [...(parts.get(outer) ?? [outer]), ...(parts.get(inner) ?? [inner])];
  const composed: Record<string, Hook> = {};
  for (const name of CLIENT_TRACE_HOOKS) {
    if (traces.some((trace) => trace[name] !== undefined)) {
      composed[name] = (...args) => runAll(traces, name, args);
    }
  }
  parts.set(composed, traces);
  return composed;
}

function runAll(traces: readonly ClientTrace[], name: ClientTraceHook, args: unknown[]): Error | undefined {
  let refusal: Error | undefined;
  for (const trace of traces) {
    const returned = runHook(trace, name, args);
    refusal ??= returned;
  }
  return refusal;
}

/**
 * Runs one hook, if it is there. An error that the hook throws goes to `diag.error` and no further. The rejection of an
 * asynchronous hook goes there as well, but nobody waits for it.
 *
 * @returns The error that the hook returned; `undefined` for any other result, which means nothing.
 */
export function runHook(trace: ClientTrace, name: ClientTraceHook, args: unknown[]): Error | undefined {
  try {
    const hook: unknown = trace[name];
    const returned: unknown = typeof hook === 'function' ? Reflect.apply(hook, trace, args) : undefined;
    if (returned instanceof Promise) {
      returned.catch((error: unknown) => report(name, error));
    }
    return returned instanceof Error ? returned : undefined;
  } catch (error) {
    report(name, error);
    return undefined;
  }
}

function report(name: ClientTraceHook, error: unknown): void {
  reportError(`httptrace: the ${name} hook of a ClientTrace threw; the request goes on`, error);
}
