import type { Span } from '@opentelemetry/api';
import { reportWarning } from '../diagnostics.js';
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

/** Which side waits for spans in vain. */
export type Side = 'client' | 'server';

const given = new Set<Side>();
const warned = new Set<Side>();

/** Another instrumentation has given its span of a request: what is missing now and then, that one has left out. */
export function noteGivenSpan(side: Side): void {
  given.add(side);
}

/** A request is over, and no other instrumentation has given its span. Warns once for each side. */
export function warnOfMissingSpan(side: Side): void {
  if (!given.has(side) && !warned.has(side)) {
    warned.add(side);
    reportWarning(
      `httptrace: ${side}.span is 'existing', but no span was given for a request, so nothing was recorded; ` +
        'give instrumentation.useSpan to the other instrumentation, as its requestHook',
    );
  }
}
