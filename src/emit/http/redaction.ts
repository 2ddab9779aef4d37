import { redactUserinfo } from '../../origin.js';
import { REDACTED } from '../../semconv/defaults.js';

/** A list of query parameters to redact, ready to be used; `undefined` redacts none. */
export type RedactedQueryParams = QueryParamMatcher | undefined;

interface QueryParamMatcher {
  readonly names: ReadonlySet<string>;
  /** Marks the codes of the characters that a name begins with, and of what every escape does; by their last seven bits. */
  readonly firstCodes: Uint8Array;
}

const SEVEN_BITS = 0b111_1111;

/** @param names Parameters whose value is replaced, without percent-encoding; an empty list redacts none. */
export function compileRedactedQueryParams(names: readonly string[]): RedactedQueryParams {
  const given = new Set(names.filter((name) => name !== ''));
  if (given.size === 0) {
    return undefined;
  }
  const firstCodes = new Uint8Array(SEVEN_BITS + 1);
  for (const name of ['%', ...given]) {
    firstCodes[name.charCodeAt(0) & SEVEN_BITS] = 1;
  }
  return { names: given, firstCodes };
}

/**
 * Few queries need to be taken apart, and each request asks: the first character of each parameter settles most.
 *
 * @param start Where the query begins.
 */
function mayNameAny(target: string, start: number, { firstCodes }: QueryParamMatcher): boolean {
  let at = start;
  do {
    if (firstCodes[target.charCodeAt(at) & SEVEN_BITS] === 1) {
      return true;
    }
    at = target.indexOf('&', at) + 1;
  } while (at > 0);
  return false;
}

/** A parameter that has a value. Anchored, so that a long text without `=` is not searched again from each character. */
const PARAMETER = /(?<![^&])([^&=]*)=[^&]*/g;

/**
 * A query with the values of the given parameters replaced.
 *
 * Works on the raw text: order, duplicates and escapes stay as they were sent.
 *
 * @param query Without its `?`.
 */
export function redactQuery(query: string, params: RedactedQueryParams): string {
  if (params === undefined || !mayNameAny(query, 0, params)) {
    return query;
  }
  const { names } = params;
  return query.replace(PARAMETER, (parameter, key: string) =>
    names.has(key) || names.has(percentDecoded(key)) ? `${key}=${REDACTED}` : parameter,
  );
}

function percentDecoded(text: string): string {
  if (!text.includes('%')) {
    return text;
  }
  try {
    return decodeURIComponent(text);
  } catch {
    // What is no valid encoding is not the encoding of any parameter in the list.
    return text;
  }
}

/**
 * A URL with its userinfo replaced, and the values of the given query parameters.
 *
 * @param url Absolute.
 */
export function redactUrl(url: string, params: RedactedQueryParams): string {
  return redactTarget(redactUserinfo(url), params);
}

/** A URL, or what follows its authority, with the values of the given query parameters replaced. */
export function redactTarget(target: string, params: RedactedQueryParams): string {
  const query = target.indexOf('?') + 1;
  if (query === 0 || params === undefined || !mayNameAny(target, query, params)) {
    return target;
  }
  const fragment = target.indexOf('#');
  const end = fragment < 0 ? target.length : Math.max(query, fragment);
  return target.slice(0, query) + redactQuery(target.slice(query, end), params) + target.slice(end);
}
