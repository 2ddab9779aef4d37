import type { Span } from '@opentelemetry/api';
import { reportWarning } from '../diagnostics.js';
import { hiddenField } from '../patch/hidden-field.js';

/** Writes to a span that another instrumentation made. */
export interface SpanUser {
  useSpan(span: Span): void;
}

const offered = hiddenField<Span>();
const users = hiddenField<SpanUser>();

/** Called with the span that another instrumentation made of a request, before the request came to us or after. */
export function offerSpan(request: object, span: Span): void {
  const user = users.get(request);
  if (user !== undefined) {
    user.useSpan(span);
  } else if (!offered.has(request)) {
    offered.set(request, span);
  }
}

/** Gives the user the span of a request: at once if it was offered already, else when it is. */
export function awaitSpan(request: object, user: SpanUser): void {
  const span = offered.get(request);
  if (span !== undefined) {
    user.useSpan(span);
  } else if (!users.has(request)) {
    users.set(request, user);
  }
}

/** A side that takes the spans of another instrumentation. */
export type Side = 'client' | 'server';

const given = new Set<Side>();
const warned = new Set<Side>();

/** Called for each span that is given. Spans that are missing later were left out by the other instrumentation. */
export function noteGivenSpan(side: Side): void {
  given.add(side);
}

/** Called when a request is over without a given span. Warns once for each side, unless a span was given before. */
export function warnOfMissingSpan(side: Side): void {
  if (!given.has(side) && !warned.has(side)) {
    warned.add(side);
    reportWarning(
      `httptrace: ${side}.span is 'existing', but no span was given for a request, so nothing was recorded; ` +
        'give instrumentation.useSpan to the other instrumentation, as its requestHook',
    );
  }
}
