import { isAbsolute, originEnd } from '../../origin.js';

// These functions slice the text. Resolving a target as a URL would lose the first segment of `//a/b`, and serializing it
// again would change escapes, order and duplicates.

/**
 * The path of a request target: `url.path`. The `host:port` of a CONNECT request has none: `undefined`.
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
