import { isAbsolute, type Origin, originEnd } from '../../origin.js';
import { type RedactedQueryParams, redactTarget, redactUrl } from './redaction.js';

// All of this slices raw text. Resolving a target as a URL would lose the first segment of `//a/b`, and
// serializing it again would change escapes, order and duplicates.

/**
 * The URL that a request asks for, redacted: `url.full`.
 *
 * @param origin Where it is sent.
 * @param target Request target as written to the wire: origin-form, absolute-form or `*`.
 */
export function fullUrl(origin: Origin, target: string, params: RedactedQueryParams): string {
  if (target.startsWith('/')) {
    return origin.redacted + (target.includes('?') ? redactTarget(target, params) : target);
  }
  return isAbsolute(target)
    ? redactUrl(target, params)
    : origin.redacted + redactTarget(pathAndQuery(target), params);
}

/** What follows the authority: nothing for `*`, which asks about the server as a whole. */
function pathAndQuery(target: string): string {
  if (target === '*') {
    return '';
  }
  return target === '' || target.startsWith('?') ? target : `/${target}`;
}

/**
 * The path of a request target: `url.path`. `undefined` for the `host:port` of a CONNECT request, which has none.
 *
 * @param target `req.url` or `:path`.
 */
export function targetPath(target: string): string | undefined {
  const query = target.indexOf('?');
  const end = query < 0 ? target.length : query;
  if (target.startsWith('/') || target === '*') {
    return target.slice(0, end);
  }
  if (!isAbsolute(target)) {
    return undefined;
  }
  const start = originEnd(target);
  return start < end ? target.slice(start, end) : '/';
}

/** The query of a request target, without its `?` and not yet redacted; `undefined` if there is none. */
export function targetQuery(target: string): string | undefined {
  const query = target.indexOf('?') + 1;
  return query === 0 || query === target.length ? undefined : target.slice(query);
}
