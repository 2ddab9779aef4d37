import { type RedactedQueryParams, redactTarget, redactUrl, redactUserinfo } from './redaction.js';

// All of this slices raw text. Resolving a target as a URL would lose the first segment of `//a/b`, and
// serializing it again would change escapes, order and duplicates.

/**
 * The URL that a request asks for, redacted: `url.full`.
 *
 * @param origin Scheme and authority; what follows them is left out.
 * @param target Request target as written to the wire: origin-form, absolute-form or `*`.
 */
export function fullUrl(origin: string | URL, target: string, params: RedactedQueryParams): string {
  return isAbsolute(target)
    ? redactUrl(target, params)
    : redactedOrigin(String(origin)) + redactTarget(pathAndQuery(target), params);
}

// Requests to one origin tend to follow each other.
let lastOrigin = '';
let lastRedacted = '';

function redactedOrigin(origin: string): string {
  if (origin !== lastOrigin) {
    lastOrigin = origin;
    lastRedacted = redactUserinfo(bareOrigin(origin));
  }
  return lastRedacted;
}

function bareOrigin(origin: string): string {
  const end = authorityEnd(origin, authorityStart(origin));
  return end === origin.length ? origin : origin.slice(0, end);
}

/** What follows the authority: nothing for `*`, which asks about the server as a whole. */
function pathAndQuery(target: string): string {
  if (target === '*') {
    return '';
  }
  return target === '' || target.startsWith('/') || target.startsWith('?') ? target : `/${target}`;
}

/**
 * The origin that was asked for by its parts, as `http://[::1]:8080`; without the scheme's default port.
 *
 * @param scheme With or without its colon, as in `req.protocol`.
 * @param host IPv6 with or without brackets.
 */
export function originOf(scheme: string, host: string, port: number | string | undefined): string {
  const name = scheme.endsWith(':') ? scheme.slice(0, -1) : scheme;
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const isDefault = port === undefined || port === '' || Number(port) === defaultPort(name);
  return isDefault ? `${name}://${bracketed}` : `${name}://${bracketed}:${port}`;
}

/** The port that a URL of this scheme (`http`, `https`) means when it names none. */
export function defaultPort(scheme: string): number | undefined {
  switch (scheme) {
    case 'http':
      return 80;
    case 'https':
      return 443;
    default:
      return undefined;
  }
}

/** The scheme of an absolute URL, lower case: `url.scheme`; `undefined` for any other text. */
export function schemeOf(url: string): string | undefined {
  return isAbsolute(url) ? url.slice(0, url.indexOf(':')).toLowerCase() : undefined;
}

/** Host and port of an absolute URL, without userinfo; `undefined` for any other text. */
export function authorityOf(url: string): string | undefined {
  if (!isAbsolute(url)) {
    return undefined;
  }
  const start = authorityStart(url);
  const end = authorityEnd(url, start);
  const at = url.lastIndexOf('@', end);
  return url.slice(at < start ? start : at + 1, end) || undefined;
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
  const start = authorityEnd(target, authorityStart(target));
  return start < end ? target.slice(start, end) : '/';
}

/** The query of a request target, without its `?` and not yet redacted; `undefined` if there is none. */
export function targetQuery(target: string): string | undefined {
  const query = target.indexOf('?') + 1;
  return query === 0 || query === target.length ? undefined : target.slice(query);
}

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;

function isAbsolute(target: string): boolean {
  return !target.startsWith('/') && SCHEME.test(target);
}

function authorityStart(url: string): number {
  const colon = url.indexOf('://');
  return colon < 0 ? 0 : colon + 3;
}

function authorityEnd(url: string, start: number): number {
  for (let i = start; i < url.length; i++) {
    const char = url[i];
    if (char === '/' || char === '?' || char === '#') {
      return i;
    }
  }
  return url.length;
}
