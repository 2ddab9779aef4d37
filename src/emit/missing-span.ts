import { reportWarning } from '../diagnostics.js';

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
