import type { Attributes } from '@opentelemetry/api';
import { DEFAULT_REDACTED_HEADERS, REDACTED } from '../../semconv/defaults.js';
import { ATTR_HTTP_REQUEST_HEADER, ATTR_HTTP_RESPONSE_HEADER } from '../../semconv/semconv.js';

/** Names and values in turn, strings or buffers. A value may be an array. */
export type HeaderList = readonly unknown[];

/** Values by name. */
export type HeaderRecord = Readonly<Record<string, unknown>>;

/** The parts of an undici request that hold its headers. Two headers are kept apart from the list. */
export interface UndiciRequestHeaders {
  readonly headers: HeaderList;
  readonly host?: string | null;
  readonly contentLength?: number | null;
}

/** What `ClientRequest` and `ServerResponse` have in common. */
export interface HeaderGetter {
  getHeader(name: string): unknown;
}

interface CapturedHeader {
  readonly attribute: string;
  readonly redacted: boolean;
}

/**
 * Prepares the headers that become span attributes.
 *
 * @param side Whose headers they are.
 * @param names Names of the headers, in any case.
 * @param redacted Names of the headers whose value is replaced, in any case.
 * @returns `undefined` when there is nothing to capture.
 */
export function compileHeaderCapture(
  side: 'request' | 'response',
  names: readonly string[],
  redacted: Iterable<string> = DEFAULT_REDACTED_HEADERS,
): HeaderCapture | undefined {
  const headers = new Map<string, CapturedHeader>();
  const hidden = new Set(Array.from(redacted, normalName));
  const attributeOf = side === 'request' ? ATTR_HTTP_REQUEST_HEADER : ATTR_HTTP_RESPONSE_HEADER;
  for (const name of names.map(normalName)) {
    if (name !== '') {
      headers.set(name, { attribute: attributeOf(name), redacted: hidden.has(name) });
    }
  }
  return headers.size === 0 ? undefined : new HeaderCapture(headers);
}

function normalName(name: string): string {
  return name.trim().toLowerCase();
}

/** Copies chosen headers into span attributes. Every method adds to `attributes`. */
export class HeaderCapture {
  private readonly headers: ReadonlyMap<string, CapturedHeader>;
  private readonly lengths: ReadonlySet<number>;

  constructor(headers: ReadonlyMap<string, CapturedHeader>) {
    this.headers = headers;
    this.lengths = new Set(Array.from(headers.keys(), (name) => name.length));
  }

  /** One header field, its name in any case. */
  addField(attributes: Attributes, name: string, value: unknown): void {
    if (!this.lengths.has(name.length)) {
      return;
    }
    const header = this.headers.get(name) ?? this.headers.get(name.toLowerCase());
    if (header !== undefined) {
      addHeader(attributes, header, value);
    }
  }

  /** A list such as `rawHeaders`, or the one of undici's parser. */
  addList(attributes: Attributes, list: HeaderList): void {
    for (let i = 0; i + 1 < list.length; i += 2) {
      const name = list[i];
      if (typeof name === 'string') {
        this.addField(attributes, name, list[i + 1]);
      } else if (Buffer.isBuffer(name) && this.lengths.has(name.length)) {
        this.addField(attributes, name.toString('latin1'), list[i + 1]);
      }
    }
  }

  /** Headers by name in any case, such as a program gives `writeHead` or `respond`. */
  addRecord(attributes: Attributes, headers: HeaderRecord): void {
    for (const name of Object.keys(headers)) {
      this.addField(attributes, name, headers[name]);
    }
  }

  /** Headers by lower-case name, such as `headersDistinct`, and the headers that Node's HTTP/2 received. */
  addReceived(attributes: Attributes, headers: HeaderRecord): void {
    for (const [name, header] of this.headers) {
      addHeader(attributes, header, headers[name]);
    }
  }

  /** The headers that were set on a `ClientRequest` or a `ServerResponse`. */
  addSet(attributes: Attributes, message: HeaderGetter): void {
    for (const [name, header] of this.headers) {
      addHeader(attributes, header, message.getHeader(name));
    }
  }

  /** The headers of undici's `request`. A `host` that undici adds by itself is not among them. */
  addUndiciRequest(attributes: Attributes, request: UndiciRequestHeaders): void {
    this.addList(attributes, request.headers);
    this.addField(attributes, 'host', request.host);
    this.addField(attributes, 'content-length', request.contentLength);
  }

  /** The headers of undici's `response`: an object for HTTP/2 in undici 8, else a list of buffers. */
  addUndiciResponse(attributes: Attributes, headers: HeaderList | HeaderRecord): void {
    if (isList(headers)) {
      this.addList(attributes, headers);
    } else {
      this.addReceived(attributes, headers);
    }
  }
}

function isList(headers: HeaderList | HeaderRecord): headers is HeaderList {
  return Array.isArray(headers);
}

function addHeader(attributes: Attributes, { attribute, redacted }: CapturedHeader, value: unknown): void {
  const added = headerValues(value);
  if (added.length === 0) {
    return;
  }
  if (redacted) {
    attributes[attribute] = [REDACTED];
    return;
  }
  const before = attributes[attribute];
  attributes[attribute] = Array.isArray(before) ? [...before.map(String), ...added] : added;
}

/** The values of a header field, in any form that a client keeps; none if the form is unknown. */
export function headerValues(value: unknown): string[] {
  if (Array.isArray(value)) {
    return value.flatMap(headerValues);
  }
  if (typeof value === 'string') {
    return [value];
  }
  if (typeof value === 'number') {
    return [String(value)];
  }
  return Buffer.isBuffer(value) ? [value.toString('latin1')] : [];
}
