import { type Context, createContextKey } from '@opentelemetry/api';
import type { ClientTrace } from './client-trace.js';

const CLIENT_TRACE = createContextKey('opentelemetry-instrumentation-httptrace ClientTrace');

/** The trace of this context, if it has one. Go's `httptrace.ContextClientTrace`. */
export function contextClientTrace(ctx: Context): ClientTrace | undefined {
  return ctx.getValue(CLIENT_TRACE) as ClientTrace | undefined;
}

/** The context with this trace alone. */
export function setClientTrace(ctx: Context, trace: ClientTrace): Context {
  return ctx.setValue(CLIENT_TRACE, trace);
}
