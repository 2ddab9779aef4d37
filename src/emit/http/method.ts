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

/** How each known method is recorded. */
export type KnownMethods = ReadonlyMap<string, RecordedMethod>;

/** @param known Replaces the default list. Case-sensitive, as methods are. May be empty. */
export function compileKnownMethods(known: readonly string[] = DEFAULT_KNOWN_METHODS): KnownMethods {
  return new Map(known.map((method) => [method, { method, original: undefined, spanName: method }]));
}

/** An unknown method is recorded as `_OTHER`. A peer that makes up methods must not make up time series. */
export function unknownMethod(method: string): RecordedMethod {
  return { method: HTTP_REQUEST_METHOD_VALUE_OTHER, original: method || undefined, spanName: 'HTTP' };
}
