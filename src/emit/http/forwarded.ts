import { isIP } from 'node:net';
import { hostOf, portOf } from '../../authority.js';

/** What proxies say about the request that they received. A fact that no proxy gave is absent. */
export interface Forwarded {
  clientAddress?: string;
  clientPort?: number;
  serverAddress?: string;
  serverPort?: number;
  scheme?: 'http' | 'https';
}

/** The headers of an incoming request by lower-case name. */
export type ForwardingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Reads `Forwarded` (RFC 7239), and the `X-Forwarded-*` headers for what `Forwarded` does not say.
 *
 * Never throws. Malformed, `unknown` and obfuscated values are skipped. Only an IP address names a client, and only `http`
 * and `https` are schemes. The time grows in proportion to the length of the headers.
 *
 * @returns `undefined` when there is no such header.
 */
export function parseForwarded(headers: ForwardingHeaders): Forwarded | undefined {
  const standard = headers.forwarded;
  const clients = headers['x-forwarded-for'];
  const hosts = headers['x-forwarded-host'];
  const schemes = headers['x-forwarded-proto'];
  if (standard === undefined && clients === undefined && hosts === undefined && schemes === undefined) {
    return undefined;
  }
  const forwarded: Forwarded = {};
  readStandard(forwarded, text(standard));
  readClients(forwarded, text(clients));
  readHost(forwarded, firstItem(text(hosts)));
  readScheme(forwarded, firstItem(text(schemes)));
  return forwarded;
}

/** Joins the fields of one name, which are one list. */
function text(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.join(',') ?? '');
}

/** One `name=value` of `Forwarded`, with the separators before it. */
const PAIR = /[\t ,;]*([!#$%&'*+.^`|~\w-]+)=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\t ",;]*))[\t ]*(?=[,;]|$)/y;

function readStandard(forwarded: Forwarded, header: string): void {
  let position = 0;
  while (position < header.length) {
    PAIR.lastIndex = position;
    const [matched, name = '', quoted, token = ''] = PAIR.exec(header) ?? [];
    if (matched === undefined) {
      // A quote may be open, so nothing says where the next pair begins.
      return;
    }
    position += matched.length;
    readPair(forwarded, name.toLowerCase(), quoted === undefined ? token : unescaped(quoted));
  }
}

function unescaped(quoted: string): string {
  return quoted.includes('\\') ? quoted.replace(/\\(.)/g, '$1') : quoted;
}

function readPair(forwarded: Forwarded, name: string, value: string): void {
  switch (name) {
    case 'for':
      readClient(forwarded, value);
      break;
    case 'host':
      readHost(forwarded, value);
      break;
    case 'proto':
      readScheme(forwarded, value);
      break;
  }
}

function readClients(forwarded: Forwarded, list: string): void {
  let start = 0;
  while (start < list.length && forwarded.clientAddress === undefined) {
    const end = itemEnd(list, start);
    readClient(forwarded, list.slice(start, end).trim());
    start = end + 1;
  }
}

function firstItem(list: string): string {
  return list.slice(0, itemEnd(list, 0)).trim();
}

function itemEnd(list: string, start: number): number {
  const comma = list.indexOf(',', start);
  return comma < 0 ? list.length : comma;
}

/** A host name or an IPv6 address in brackets, perhaps with a port. The longest host name has 253 characters. */
const HOST = /^(?:\w[\w.-]{0,254}|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

function readClient(forwarded: Forwarded, node: string): void {
  if (forwarded.clientAddress !== undefined) {
    return;
  }
  const address = hostOf(node);
  // The zone of an IPv6 address means nothing on another machine.
  if (address === undefined || isIP(address) === 0 || address.includes('%')) {
    return;
  }
  forwarded.clientAddress = address;
  const port = portOf(node);
  if (port !== undefined) {
    forwarded.clientPort = port;
  }
}

function readHost(forwarded: Forwarded, host: string): void {
  if (forwarded.serverAddress !== undefined || !HOST.test(host)) {
    return;
  }
  const address = hostOf(host);
  if (address === undefined || (host.startsWith('[') && isIP(address) === 0)) {
    return;
  }
  forwarded.serverAddress = address;
  const port = portOf(host);
  if (port !== undefined) {
    forwarded.serverPort = port;
  }
}

function readScheme(forwarded: Forwarded, value: string): void {
  if (forwarded.scheme !== undefined) {
    return;
  }
  const scheme = value.toLowerCase();
  if (scheme === 'http' || scheme === 'https') {
    forwarded.scheme = scheme;
  }
}
