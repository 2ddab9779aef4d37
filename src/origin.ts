import { defaultPort, hostOf, hostPort, portOf } from './authority.js';
import { REDACTED } from './semconv/defaults.js';

/** The server that a request is sent to, or the one that it asks for. Read once when the request begins. */
export interface Origin {
  /** Lower case, without its colon; empty if unknown. */
  readonly scheme: string;
  /** Name or IP address, IPv6 without brackets; `undefined` if none is named. */
  readonly address: string | undefined;
  /** The default port of the scheme if none is named; `undefined` if there is no default. */
  readonly port: number | undefined;
  /** `host:port` as in `getConn`, with IPv6 in brackets; without the port if it is unknown. */
  readonly hostPort: string;
  /** The beginning of a URL of this origin, as it was written. Userinfo is `REDACTED`. */
  readonly redacted: string;
}

/** Most programs talk to few origins. One that talks to more must not fill the memory. */
const MOST_ORIGINS = 1000;
/** Longer texts are not remembered. They are rare, and a peer chooses some of them. */
const LONGEST_KEY = 256;

type KnownOrigins = Map<string, Origin>;

const byUrl: KnownOrigins = new Map();
const ofHttp: KnownOrigins = new Map();
const ofHttps: KnownOrigins = new Map();

/** The origin of an absolute URL. */
export function originOf(url: string): Origin {
  return byUrl.get(url) ?? remember(byUrl, url, parse(url));
}

/**
 * The origin of a scheme and an authority.
 *
 * @param scheme With its colon or without.
 * @param authority `host` or `host:port`, IPv6 in brackets.
 */
export function originAt(scheme: string, authority: string): Origin {
  switch (scheme) {
    case 'http':
    case 'http:':
      return ofHttp.get(authority) ?? remember(ofHttp, authority, make('http', authority));
    case 'https':
    case 'https:':
      return ofHttps.get(authority) ?? remember(ofHttps, authority, make('https', authority));
    default:
      return make(scheme.endsWith(':') ? scheme.slice(0, -1) : scheme, authority);
  }
}

/** The origins of one host, by port as the caller gave it. */
type KnownPorts = Map<number | string, Origin>;

const hostsOfHttp = new Map<string, KnownPorts>();
const hostsOfHttps = new Map<string, KnownPorts>();
let knownPorts = 0;

/**
 * The origin of a host and a port, which Node's clients keep apart. Joining both into one key for each request would take
 * about a thousand instructions.
 */
export function originFor(protocol: string, host: string, port: number | string): Origin {
  const hosts = hostsOf(protocol);
  const known = hosts?.get(host)?.get(port);
  if (known !== undefined) {
    return known;
  }
  const origin = originAt(protocol, authorityFor(protocol, host, port));
  if (hosts !== undefined && host.length <= LONGEST_KEY) {
    rememberPort(hosts, host, port, origin);
  }
  return origin;
}

function hostsOf(protocol: string): Map<string, KnownPorts> | undefined {
  switch (protocol) {
    case 'http:':
      return hostsOfHttp;
    case 'https:':
      return hostsOfHttps;
    default:
      return undefined;
  }
}

function rememberPort(
  hosts: Map<string, KnownPorts>,
  host: string,
  port: number | string,
  origin: Origin,
): void {
  if (knownPorts >= MOST_ORIGINS) {
    hostsOfHttp.clear();
    hostsOfHttps.clear();
    knownPorts = 0;
  }
  knownPorts++;
  const ports = hosts.get(host) ?? new Map<number | string, Origin>();
  hosts.set(host, ports.set(port, origin));
}

/**
 * The authority of a URL: IPv6 in brackets, and without the default port of the scheme.
 *
 * @param host IPv6 with or without brackets.
 */
export function authorityFor(scheme: string, host: string, port: number | string | undefined): string {
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const isDefault = port === undefined || port === '' || Number(port) === defaultPort(scheme);
  return isDefault ? bracketed : `${bracketed}:${port}`;
}

function remember(known: KnownOrigins, key: string, origin: Origin): Origin {
  if (key.length <= LONGEST_KEY) {
    if (known.size >= MOST_ORIGINS) {
      known.clear();
    }
    known.set(key, origin);
  }
  return origin;
}

function parse(url: string): Origin {
  const written = url.slice(0, originEnd(url));
  return make(schemeOf(url) ?? '', authorityOf(url) ?? '', redactUserinfo(written));
}

function make(scheme: string, authority: string, redacted = `${scheme}://${authority}`): Origin {
  const address = hostOf(authority);
  const port = portOf(authority) ?? defaultPort(scheme);
  const host = address?.includes(':') ? `[${address}]` : (address ?? '');
  return {
    scheme,
    address,
    port,
    hostPort: port === undefined ? host : hostPort(address ?? '', port),
    redacted,
  };
}

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;

/** Whether a request target, or any other text, is an absolute URL. */
export function isAbsolute(url: string): boolean {
  return !url.startsWith('/') && SCHEME.test(url);
}

/**
 * The scheme of an absolute URL, lower case: `url.scheme`; `undefined` for any other text.
 *
 * @internal Exported for its tests.
 */
export function schemeOf(url: string): string | undefined {
  return isAbsolute(url) ? url.slice(0, url.indexOf(':')).toLowerCase() : undefined;
}

/** Host and port of an absolute URL, without userinfo; `undefined` for any other text. */
export function authorityOf(url: string): string | undefined {
  if (!isAbsolute(url)) {
    return undefined;
  }
  const start = authorityStart(url);
  const end = originEnd(url);
  const at = url.lastIndexOf('@', end);
  return url.slice(at < start ? start : at + 1, end) || undefined;
}

/** Index of what follows the authority of a URL: path, query, fragment or the end of the text. */
export function originEnd(url: string): number {
  for (let i = authorityStart(url); i < url.length; i++) {
    const char = url[i];
    if (char === '/' || char === '?' || char === '#') {
      return i;
    }
  }
  return url.length;
}

function authorityStart(url: string): number {
  const colon = url.indexOf('://');
  return colon < 0 ? 0 : colon + 3;
}

const USERINFO = /^[^/?#]*:\/\/([^/?#]*)@/;

/** An absolute URL with its userinfo replaced. */
export function redactUserinfo(url: string): string {
  if (!url.includes('@')) {
    return url;
  }
  const userinfo = USERINFO.exec(url)?.[1];
  if (!userinfo) {
    return url;
  }
  const start = authorityStart(url);
  return `${url.slice(0, start)}${REDACTED}:${REDACTED}${url.slice(start + userinfo.length)}`;
}
