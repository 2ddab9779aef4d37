import { redactUserinfo } from '../../origin.js';
import { REDACTED } from '../../semconv/defaults.js';

/** Query parameters to redact, as `compileRedactedQueryParams` prepares them; `undefined` redacts none. */
export type RedactedQueryParams = QueryParamMatcher | undefined;

interface QueryParamMatcher {
  readonly names: ReadonlySet<string>;
  /** Is 1 at the last seven bits of each code that a name may begin with, and at those of `%`, which begins an escape. */
  readonly firstCodes: Uint8Array;
}

const SEVEN_BITS = 0b111_1111;

/** @param names Parameters whose value is replaced, without percent-encoding. An empty list redacts none. */
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
 * Whether a query may hold one of the parameters. Every request asks, and few queries have any. The first character of each
 * parameter settles most of them.
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

/** A parameter with a value. The anchor keeps a long text without `=` from being searched again at each character. */
const PARAMETER = /(?<![^&])([^&=]*)=[^&]*/g;

/**
 * A query with the values of the given parameters replaced.
 *
 * The text is not parsed, so order, duplicates and escapes stay as they were sent.
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
    // A malformed encoding encodes no parameter of the list.
    return text;
  }
}

/**
 * A URL in which the userinfo and the values of the given query parameters are replaced.
 *
 * @param url Absolute.
 */
export function redactUrl(url: string, params: RedactedQueryParams): string {
  return redactTarget(redactUserinfo(url), params);
}

/** A URL or a request target, with the values of the given query parameters replaced. */
export function redactTarget(target: string, params: RedactedQueryParams): string {
  const query = target.indexOf('?') + 1;
  if (query === 0 || params === undefined || !mayNameAny(target, query, params)) {
    return target;
  }
  const fragment = target.indexOf('#');
  const end = fragment < 0 ? target.length : Math.max(query, fragment);
  return target.slice(0, query) + redactQuery(target.slice(query, end), params) + target.slice(end);
}
