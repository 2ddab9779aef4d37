import { DEFAULT_KNOWN_METHODS } from '../../semconv/defaults.js';
import { HTTP_REQUEST_METHOD_VALUE_OTHER } from '../../semconv/semconv.js';

/** How the method of a request is recorded. */
export interface RecordedMethod {
  /** `http.request.method` */
  readonly method: string;
  /** `http.request.method_original`, if it differs. */
  readonly original: string | undefined;
  /** The method's place in the span's name. */
  readonly spanName: string;
}

export type RecordMethod = (method: string) => RecordedMethod;

/**
 * Makes the function that records a method. A method that is not in the list is recorded as `_OTHER`, because
 * whoever chooses it could otherwise choose how many time series a metric has.
 *
 * @param known Replaces the default list; compared case-sensitively, as methods are. May be empty.
 */
export function compileKnownMethods(known: readonly string[] = DEFAULT_KNOWN_METHODS): RecordMethod {
  const recorded = new Map<string, RecordedMethod>(
    known.map((method) => [method, { method, original: undefined, spanName: method }]),
  );
  return (method) =>
    recorded.get(method) ?? {
      method: HTTP_REQUEST_METHOD_VALUE_OTHER,
      original: method || undefined,
      spanName: 'HTTP',
    };
}
