import { redactUserinfo } from '../../origin.js';
import { REDACTED } from '../../semconv/defaults.js';

/** A list of query parameters to redact, ready to be used; `undefined` redacts none. */
export type RedactedQueryParams = QueryParamMatcher | undefined;

interface QueryParamMatcher {
  readonly names: ReadonlySet<string>;
  /** The codes of the characters that a name begins with, and of what every escape does. */
  readonly firstCodes: ReadonlySet<number>;
}

const PERCENT = 37;

/** @param names Parameters whose value is replaced, without percent-encoding; an empty list redacts none. */
export function compileRedactedQueryParams(names: readonly string[]): RedactedQueryParams {
  const given = new Set(names.filter((name) => name !== ''));
  if (given.size === 0) {
    return undefined;
  }
  const firstCodes = Array.from(given, (name) => name.charCodeAt(0));
  return { names: given, firstCodes: new Set([PERCENT, ...firstCodes]) };
}

/** Few queries need to be taken apart, and each request asks: the first character of each parameter settles most. */
function mayNameAny(query: string, { firstCodes }: QueryParamMatcher): boolean {
  let at = 0;
  do {
    if (firstCodes.has(query.charCodeAt(at))) {
      return true;
    }
    at = query.indexOf('&', at) + 1;
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
  if (params === undefined || !mayNameAny(query, params)) {
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
  if (query === 0) {
    return target;
  }
  const fragment = target.indexOf('#');
  const end = fragment < 0 ? target.length : fragment;
  const raw = target.slice(query, end);
  const redacted = redactQuery(raw, params);
  return redacted === raw ? target : target.slice(0, query) + redacted + target.slice(end);
}
