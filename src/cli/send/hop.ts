import { VERSION } from '../../version.js';
import type { CliOptions } from '../command/options.js';
import { CliError, EXIT } from '../exit-code.js';
import type { Answer } from './answer.js';

/** One request to send. */
export interface Hop {
  url: URL;
  method: string;
  /** Names with values, in the order in which they are sent. */
  headers: HeaderList;
  body: Buffer | undefined;
}

type HeaderList = [name: string, value: string][];

export function header(hop: Hop, name: string): string | undefined {
  return hop.headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

/** The host to dial. IPv6 has no brackets, unlike in a URL. */
export function hostnameOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

export function portOf({ protocol, port }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** Path and query: the target of a request that is sent to the server itself. */
export function pathOf({ pathname, search }: URL): string {
  return `${pathname}${search}`;
}

/** The first request, made from the options. */
export function firstHop(options: CliOptions, body: Buffer | undefined): Hop {
  const url = new URL(options.url);
  const given = options.headers.map(splitHeader);
  const defaults = defaultHeaders(options, body);
  const headers = [
    ...defaults.filter(([name]) => !given.some(({ key }) => key.toLowerCase() === name)),
    ...given.filter(({ isSent }) => isSent).map(({ key, value }): [string, string] => [key, value]),
  ];
  // Credentials in the URL would be sent to every host of a redirect.
  url.username = '';
  url.password = '';
  url.hash = '';
  const method = options.method ?? (options.head ? 'HEAD' : body === undefined ? 'GET' : 'POST');
  return { url, method, headers, body };
}

/** Splits `Name: value`. `Name:` is not sent, and `Name;` is sent empty. */
function splitHeader(line: string): { key: string; value: string; isSent: boolean } {
  const [key = ''] = line.split(/[:;]/, 1);
  const value = line.slice(key.length + 1).trim();
  return { key, value, isSent: value !== '' || line[key.length] === ';' };
}

function defaultHeaders(options: CliOptions, body: Buffer | undefined): HeaderList {
  const { userAgent = `httptrace/${VERSION}`, compressed } = options;
  const credentials = options.user ?? credentialsOf(options.url);
  const headers: HeaderList = [];
  if (userAgent !== '') {
    headers.push(['user-agent', userAgent]);
  }
  headers.push(['accept', '*/*']);
  if (compressed) {
    headers.push(['accept-encoding', 'deflate, gzip, br']);
  }
  if (credentials !== undefined) {
    headers.push(['authorization', basic(credentials)]);
  }
  if (body !== undefined) {
    headers.push(
      ['content-type', 'application/x-www-form-urlencoded'],
      ['content-length', String(body.length)],
    );
  }
  return headers;
}

/** `user:password` of a URL; `undefined` if it has none. */
export function credentialsOf({ username, password }: URL): string | undefined {
  return username === '' && password === ''
    ? undefined
    : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
}

/** The value of an `Authorization` header. */
export function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The target of a redirect; `undefined` for any other answer. */
export function redirectTarget({ status, headers }: Answer): string | undefined {
  return REDIRECTS.has(status) ? headers.location : undefined;
}

/**
 * The request that a redirect asks for, made as by `fetch`.
 *
 * @throws CliError if the target is no URL of http or https.
 */
export function redirectedHop(hop: Hop, status: number, target: string): Hop {
  const url = URL.canParse(target, hop.url.href) ? new URL(target, hop.url) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const code = url === undefined ? EXIT.badUrl : EXIT.unexpected;
    throw new CliError(code, `${hop.url.host} redirects to what cannot be requested: ${target}`);
  }
  url.hash = '';
  const isPostAnswered = (status === 301 || status === 302) && hop.method === 'POST';
  const becomesGet = isPostAnswered || (status === 303 && hop.method !== 'GET' && hop.method !== 'HEAD');
  const headers = hop.headers.filter(([name]) => {
    const key = name.toLowerCase();
    const isForeign = url.origin !== hop.url.origin && BOUND_TO_ORIGIN.has(key);
    return !isForeign && !(becomesGet && key.startsWith('content-'));
  });
  return becomesGet ? { url, method: 'GET', headers, body: undefined } : { ...hop, url, headers };
}

/** Headers that are never sent to another origin. */
const BOUND_TO_ORIGIN: ReadonlySet<string> = new Set(['authorization', 'cookie', 'host']);
