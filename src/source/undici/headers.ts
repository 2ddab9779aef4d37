import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { UndiciRequest, UndiciResponse } from '../channels.js';
import { addField, headerFields } from '../header-fields.js';

/**
 * The header fields that are about to be written, each name once, in their order. undici adds the length of the body
 * after it has told what it sends. Here it is among the fields if it is certain.
 *
 * @param sent What `undici:client:sendHeaders` gives: a request line and its fields, or HTTP/2's fields.
 */
export function sentHeaders(sent: string, request: UndiciRequest): Map<string, string[]> {
  const fields = headerFields(sent);
  if (fields.has(':method')) {
    return inHttp2Order(fields);
  }
  const length = contentLength(request);
  if (length !== undefined && !fields.has('content-length')) {
    addField(fields, 'content-length', String(length));
  }
  return fields;
}

/** The fields of HTTP/2 in the form of `undici:client:sendHeaders`. */
export function fieldLines(fields: OutgoingHttpHeaders): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((each) => `${name}: ${each}`))
    .join('\r\n');
}

/** undici lists the pseudo-headers last, but a HEADERS frame begins with them. */
function inHttp2Order(fields: Map<string, string[]>): Map<string, string[]> {
  const isPseudo = ([name]: [string, string[]]) => name.startsWith(':');
  const entries = [...fields];
  return new Map([...entries.filter(isPseudo), ...entries.filter((entry) => !isPseudo(entry))]);
}

const EXPECTING_PAYLOAD = new Set(['PUT', 'POST', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);

function contentLength({ body, method, contentLength }: UndiciRequest): number | undefined {
  const length = body === null ? 0 : ArrayBuffer.isView(body) ? body.byteLength : contentLength;
  return length === null || (length === 0 && !EXPECTING_PAYLOAD.has(method)) ? undefined : length;
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
