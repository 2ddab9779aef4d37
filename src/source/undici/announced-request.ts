import { stringify } from 'node:querystring';
import type { UndiciRequest } from '../channels.js';
import type { DispatchOptions } from './dispatch.js';

/** A request that undici has not made yet. It is known as far as its caller describes it. */
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

/** Turns the headers, in whichever form undici takes them, into a flat list of names and values. */
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

/** An iterator that runs only once is left to undici, and gives nothing here. */
function pairsOf(headers: object): Iterable<readonly [unknown, unknown]> {
  if (!(Symbol.iterator in headers)) {
    return Object.entries(headers);
  }
  return 'entries' in headers && typeof headers.entries === 'function' ? headers.entries() : [];
}

function headerValue(value: unknown): string | string[] {
  return Array.isArray(value) ? value.map(String) : String(value);
}
