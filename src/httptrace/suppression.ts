import { type Context, createContextKey } from '@opentelemetry/api';
import { ROOT_CONTEXT } from '../api.js';

/** The key that `suppressTracing` of the SDK sets; made from its published description, for we need no SDK. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Whether requests made in this context, such as an exporter's own, must leave no trace. */
export function isSuppressed(ctx: Context): boolean {
  return ctx !== ROOT_CONTEXT && ctx.getValue(SUPPRESS_TRACING) === true;
}
