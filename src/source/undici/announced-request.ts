import { stringify } from 'node:querystring';
import type { UndiciRequest } from '../channels.js';
import type { DispatchOptions } from './dispatch.js';

/** What is known of a request that undici has not made yet: as it will be, as far as its caller says. */
export class AnnouncedRequest implements UndiciRequest {
  readonly [internal: symbol]: unknown;
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly headers: (string | string[])[];
  readonly host: string | null;
  readonly contentLength: number | null;
  readonly body: unknown;
  readonly upgrade: string | null;
  readonly reset = null;
  readonly abort = null;

  constructor({ path, method, query, headers, body, upgrade }: DispatchOptions, origin: string | URL) {
    const search = query === undefined || query === null ? '' : stringify(query);
    this.origin = typeof origin === 'string' ? origin : origin.origin;
    this.method = method;
    this.path = search === '' ? path : `${path}?${search}`;
    this.headers = headerList(headers);
    this.host = this.header('host');
    const length = this.header('content-length');
    this.contentLength = length === null ? null : Number(length);
    this.body = body ?? null;
    this.upgrade = typeof upgrade === 'string' ? upgrade : null;
  }

  private header(name: string): string | null {
    const { headers } = this;
    for (let i = 0; i + 1 < headers.length; i += 2) {
      if (String(headers[i]).toLowerCase() === name) {
        return String(headers[i + 1]);
      }
    }
    return null;
  }
}

/** A flat list of names and values, whichever of the forms that undici takes they come in. */
function headerList(headers: unknown): (string | string[])[] {
  if (Array.isArray(headers)) {
    return headers.map(headerValue);
  }
  if (typeof headers !== 'object' || headers === null) {
    return [];
  }
  return [...pairsOf(headers)].flatMap(([name, value]) =>
    value === undefined ? [] : [String(name), headerValue(value)],
  );
}

/** What can be iterated only once is left to undici. */
function pairsOf(headers: object): Iterable<readonly [unknown, unknown]> {
  if (!(Symbol.iterator in headers)) {
    return Object.entries(headers);
  }
  return 'entries' in headers && typeof headers.entries === 'function' ? headers.entries() : [];
}

function headerValue(value: unknown): string | string[] {
  return Array.isArray(value) ? value.map(String) : String(value);
}
