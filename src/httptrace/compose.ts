import { diag } from '@opentelemetry/api';
import type { ClientTrace, ClientTraceHook } from './client-trace.js';

/** Every hook, in the order in which they run. */
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

/** The traces that a composed one is made of, so that composing again stays flat. */
const parts = new WeakMap<ClientTrace, readonly ClientTrace[]>();

/**
 * One trace that runs the hooks of `outer` first, then those of `inner`. A hook that neither has stays absent.
 * Each hook runs whatever the others throw.
 */
export function compose(outer: ClientTrace, inner: ClientTrace): ClientTrace {
  const traces = [...(parts.get(outer) ?? [outer]), ...(parts.get(inner) ?? [inner])];
  const composed: Record<string, Hook> = {};
  for (const name of CLIENT_TRACE_HOOKS) {
    if (traces.some((trace) => hookOf(trace, name) !== undefined)) {
      composed[name] = (...args) => runAll(traces, name, args);
    }
  }
  parts.set(composed, traces);
  return composed;
}

function runAll(traces: readonly ClientTrace[], name: ClientTraceHook, args: unknown[]): unknown {
  let result: unknown;
  for (const trace of traces) {
    const returned = runHook(trace, name, args);
    result ??= returned;
  }
  return result;
}

/** Runs one hook, if it is there. What it throws goes to `diag.error` and no further. */
export function runHook(trace: ClientTrace, name: ClientTraceHook, args: unknown[]): unknown {
  try {
    return hookOf(trace, name)?.apply(trace, args);
  } catch (error) {
    diag.error(`httptrace: the ${name} hook of a ClientTrace threw; the request goes on`, error);
    return undefined;
  }
}

function hookOf(trace: ClientTrace, name: ClientTraceHook): Hook | undefined {
  const hook: unknown = trace[name];
  return typeof hook === 'function' ? (hook as Hook) : undefined;
}
