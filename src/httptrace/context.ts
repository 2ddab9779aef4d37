import { type Context, createContextKey } from '@opentelemetry/api';
import { ROOT_CONTEXT } from '../api.js';
import type { ClientTrace } from './client-trace.js';

const CLIENT_TRACE = createContextKey('opentelemetry-instrumentation-httptrace ClientTrace');

/** The key that the SDK's `suppressTracing` sets. Made from its published description, because we need no SDK. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** The trace of a context; `undefined` if it has none. Go's `httptrace.ContextClientTrace`. */
export function contextClientTrace(ctx: Context): ClientTrace | undefined {
  return ctx.getValue(CLIENT_TRACE) as ClientTrace | undefined;
}

/** A context with this trace in place of the one that `ctx` may have. */
export function setClientTrace(ctx: Context, trace: ClientTrace): Context {
  return ctx.setValue(CLIENT_TRACE, trace);
}

/** Whether requests made in this context must not be traced. An exporter's own requests must not. */
export function isSuppressed(ctx: Context): boolean {
  return ctx !== ROOT_CONTEXT && ctx.getValue(SUPPRESS_TRACING) === true;
}
