import type { Span } from '@opentelemetry/api';
import { hiddenField } from '../patch/hidden-field.js';

/** Who writes to the span that another instrumentation made. */
export interface SpanUser {
  useSpan(span: Span): void;
}

const offered = hiddenField<Span>();
const users = hiddenField<SpanUser>();

/** Another instrumentation made a span of a request: before the request came to us, or after. */
export function offerSpan(request: object, span: Span): void {
  const user = users.get(request);
  if (user !== undefined) {
    user.useSpan(span);
  } else if (!offered.has(request)) {
    offered.set(request, span);
  }
}

/** Gives the user the span of a request, as soon as there is one. */
export function awaitSpan(request: object, user: SpanUser): void {
  const span = offered.get(request);
  if (span !== undefined) {
    user.useSpan(span);
  } else if (!users.has(request)) {
    users.set(request, user);
  }
}
