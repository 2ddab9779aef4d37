import { type Context, createContextKey } from '@opentelemetry/api';
import { ROOT_CONTEXT } from '../api.js';
import type { ClientTrace } from './client-trace.js';

const CLIENT_TRACE = createContextKey('opentelemetry-instrumentation-httptrace ClientTrace');

/** The key that `suppressTracing` of the SDK sets; made from its published description, for we need no SDK. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** The trace of this context, if it has one. Go's `httptrace.ContextClientTrace`. */
export function contextClientTrace(ctx: Context): ClientTrace | undefined {
  return ctx.getValue(CLIENT_TRACE) as ClientTrace | undefined;
}

/** The context with this trace alone. */
export function setClientTrace(ctx: Context, trace: ClientTrace): Context {
  return ctx.setValue(CLIENT_TRACE, trace);
}

/** Whether requests made in this context, such as an exporter's own, must leave no trace. */
export function isSuppressed(ctx: Context): boolean {
  return ctx !== ROOT_CONTEXT && ctx.getValue(SUPPRESS_TRACING) === true;
}
