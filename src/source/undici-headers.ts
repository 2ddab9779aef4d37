import type { IncomingHttpHeaders } from 'node:http';
import type { UndiciRequest, UndiciResponse } from './channels.js';

/**
 * The header fields that are about to be written, each name once, in their order. undici adds the length of the
 * body after it has said what it sends: it is told here where it is certain.
 *
 * @param sent What `undici:client:sendHeaders` gives: a request line and its fields, or HTTP/2's fields.
 */
export function sentHeaders(sent: string, request: UndiciRequest): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of sent.split('\r\n')) {
    // The name of an HTTP/2 pseudo-header begins with a colon.
    const colon = line.indexOf(':', 1);
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !name.includes(' ')) {
      append(fields, name, line.slice(colon + 1).trim());
    }
  }
  const length = fields.has(':method') ? undefined : contentLength(request);
  if (length !== undefined && !fields.has('content-length')) {
    append(fields, 'content-length', String(length));
  }
  return fields;
}

const EXPECTING_PAYLOAD = new Set(['PUT', 'POST', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);

function contentLength({ body, method, contentLength }: UndiciRequest): number | undefined {
  const length = body === null ? 0 : ArrayBuffer.isView(body) ? body.byteLength : contentLength;
  return length === null || (length === 0 && !EXPECTING_PAYLOAD.has(method)) ? undefined : length;
}

function append(fields: Map<string, string[]>, name: string, value: string): void {
  const values = fields.get(name);
  if (values === undefined) {
    fields.set(name, [value]);
  } else {
    values.push(value);
  }
}

/** The headers of a response in the form of `node:http`: lower-case names, repeated fields joined. */
export function incomingHeaders(headers: UndiciResponse['headers']): IncomingHttpHeaders {
  if (!isRaw(headers)) {
    return { ...headers } as IncomingHttpHeaders;
  }
  const joined: IncomingHttpHeaders = {};
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = String(headers[i]).toLowerCase();
    const value = String(headers[i + 1]);
    if (name === 'set-cookie') {
      joined[name] = [...(joined[name] ?? []), value];
    } else {
      const before = joined[name];
      joined[name] = before === undefined ? value : `${before}, ${value}`;
    }
  }
  return joined;
}

function isRaw(headers: UndiciResponse['headers']): headers is readonly (Buffer | string)[] {
  return Array.isArray(headers);
}
