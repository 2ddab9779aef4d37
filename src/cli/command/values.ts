import { isIP } from 'node:net';
import { CliError, EXIT } from '../exit-code.js';

/** The addresses to dial for a host and port, in place of those in DNS. */
export interface Resolve {
  /** Lower case. `*` is any host. */
  host: string;
  port: number;
  addresses: { address: string; family: 4 | 6 }[];
}

/** Where to dial for a host and port. An empty part matches any, or stays the same. */
export interface ConnectTo {
  from: { host: string; port: string };
  to: { host: string; port: string };
}

export function usage(message: string): CliError {
  return new CliError(EXIT.usage, `${message}; see httptrace --help`);
}

/** `a.example:8080/path` is a URL to curl's users; `localhost:8080` would be one with the scheme `localhost:`. */
export function parseUrl(text: string): URL {
  const absolute = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(absolute) ? new URL(absolute) : undefined;
  if (url === undefined) {
    throw new CliError(EXIT.badUrl, `not a URL: ${text}; give it as https://host/path`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new CliError(EXIT.unexpected, `cannot request ${url.protocol} URLs; give one with http: or https:`);
  }
  return url;
}

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;

export function checkMethod(method: string): string {
  if (!TOKEN.test(method)) {
    throw usage(`not a method: ${method}`);
  }
  return method;
}

/** Checks a line of -H: `Name: value`, or `Name;` for an empty value. */
export function checkHeader(line: string): string {
  const [name = ''] = line.split(/[:;]/, 1);
  const isLine = line[name.length] === ':' || line.length === name.length + 1;
  if (!TOKEN.test(name) || !isLine || /[\r\n\0]/.test(line)) {
    throw usage(`not a header line: ${line}`);
  }
  return line;
}

export function parseCount(option: string, text: string, least: number): number {
  const count = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isSafeInteger(count) || count < least) {
    throw usage(`${option} takes a whole number from ${least} on, not ${text}`);
  }
  return count;
}

/** The longest time that a timer of Node takes, in seconds. */
const LONGEST_SECONDS = 2_147_483;

/** @returns Milliseconds. */
export function parseSeconds(option: string, text: string): number {
  const seconds = text.trim() === '' ? Number.NaN : Number(text);
  if (!(seconds > 0 && seconds <= LONGEST_SECONDS)) {
    throw usage(`${option} takes a number of seconds above 0, not ${text}`);
  }
  return seconds * 1_000;
}

export function parseResolve(text: string): Resolve {
  const [, host, port, list] = /^\+?(\[[^\]]+\]|[^:]+):(\d+):(.+)$/.exec(text) ?? [];
  const addresses = (list ?? '').split(',').map((address) => {
    const plain = withoutBrackets(address);
    const family = isIP(plain);
    if (family !== 4 && family !== 6) {
      throw usage(`--resolve takes HOST:PORT:ADDRESS, not ${text}`);
    }
    return { address: plain, family: family === 4 ? (4 as const) : (6 as const) };
  });
  return { host: withoutBrackets(host ?? '').toLowerCase(), port: Number(port), addresses };
}

export function parseConnectTo(text: string): ConnectTo {
  const [, host1, port1, host2, port2] =
    /^(\[[^\]]+\]|[^:]*):(\d*):(\[[^\]]+\]|[^:]*):(\d*)$/.exec(text) ?? [];
  if (host1 === undefined || port1 === undefined || host2 === undefined || port2 === undefined) {
    throw usage(`--connect-to takes HOST1:PORT1:HOST2:PORT2, not ${text}`);
  }
  return {
    from: { host: withoutBrackets(host1).toLowerCase(), port: port1 },
    to: { host: withoutBrackets(host2), port: port2 },
  };
}

/** The port that curl takes for an http: proxy without one. */
const PROXY_PORT = '1080';

/** @returns `null` for an empty text, which means no proxy at all. */
export function parseProxy(text: string): URL | null {
  if (text === '') {
    return null;
  }
  const absolute = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(absolute) ? new URL(absolute) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usage(`not an http: or https: proxy: ${text.replace(/\/\/[^/@]*@/, '//')}`);
  }
  // A URL drops the default port of its scheme, so the port is looked for in the text.
  if (url.protocol === 'http:' && url.port === '' && !/:\d+\/*$/.test(absolute)) {
    url.port = PROXY_PORT;
  }
  return url;
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
