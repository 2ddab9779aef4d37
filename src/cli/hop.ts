import { VERSION } from '../version.js';
import type { Answer, Hop } from './exchange.js';
import { CliError, EXIT } from './exit-code.js';
import type { CliOptions } from './options.js';

type HeaderList = [string, string][];

/** The first request, as the options ask for it. */
export function firstHop(options: CliOptions, body: Buffer | undefined): Hop {
  const url = new URL(options.url);
  const given = options.headers.map(splitHeader);
  const defaults = defaultHeaders(url, body);
  const headers = [
    ...defaults.filter(([name]) => !given.some(([key]) => key.toLowerCase() === name)),
    ...given.filter(([, value]) => value !== ''),
  ];
  // What is left would be sent to every host that is redirected to.
  url.username = '';
  url.password = '';
  url.hash = '';
  const method = options.method ?? (options.head ? 'HEAD' : body === undefined ? 'GET' : 'POST');
  return { url, method, headers, body };
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function defaultHeaders({ username, password }: URL, body: Buffer | undefined): HeaderList {
  const headers: HeaderList = [
    ['user-agent', `httptrace/${VERSION}`],
    ['accept', '*/*'],
  ];
  if (username !== '' || password !== '') {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers.push(['authorization', `Basic ${Buffer.from(credentials).toString('base64')}`]);
  }
  if (body !== undefined) {
    headers.push(
      ['content-type', 'application/x-www-form-urlencoded'],
      ['content-length', String(body.length)],
    );
  }
  return headers;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Where an answer sends its client. */
export function redirectTarget({ status, headers }: Answer): string | undefined {
  return REDIRECTS.has(status) ? headers.location : undefined;
}

/**
 * The request that a redirect asks for, as `fetch` would make it.
 *
 * @throws CliError when it leads to what is no URL of http or https.
 */
export function redirectedHop(hop: Hop, status: number, target: string): Hop {
  const url = URL.canParse(target, hop.url.href) ? new URL(target, hop.url) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CliError(EXIT.badUrl, `${hop.url.host} redirects to what cannot be requested: ${target}`);
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

/** Never told to another origin. */
const BOUND_TO_ORIGIN: ReadonlySet<string> = new Set(['authorization', 'cookie', 'host']);
