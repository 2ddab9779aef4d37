import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { type Origin, originAt } from '../../origin.js';
import { addField } from '../header-fields.js';

/** What `session.request` is given: an object, or names and values in turn. */
export type GivenHeaders = OutgoingHttpHeaders | readonly unknown[] | undefined;

/**
 * The header of one request before it is sent: a copy, for the program's own object is read once, as Node reads it, and
 * never written to. What hangs on it, such as the list of sensitive headers, is copied too.
 */
export class RequestHeaders {
  /** What Node is to be given. */
  readonly toSend: OutgoingHttpHeaders | unknown[];
  readonly method: string;
  readonly path: string;
  /** Whether it is a call of gRPC, whose own instrumentation records it. */
  readonly isGrpc: boolean;
  /** Whether it asks for a connection to somewhere else, and not for a resource. */
  readonly isTunnel: boolean;
  /** Whether to look at a name of it is not enough to find its value. */
  private mustBeSearched: boolean;

  constructor(given: GivenHeaders) {
    if (Array.isArray(given)) {
      this.toSend = Object.assign([], given);
      this.mustBeSearched = true;
    } else {
      this.toSend = Object.assign(Object.create(null), given);
      this.mustBeSearched = hasCapitals(this.toSend);
    }
    this.method = this.get(':method') ?? 'GET';
    this.path = this.get(':path') ?? '/';
    this.isGrpc = this.get('content-type')?.startsWith('application/grpc') === true;
    this.isTunnel = this.method === 'CONNECT' && !this.has(':protocol');
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** @param name In lower case. @returns The value of its first line. */
  get(name: string): string | undefined {
    const { toSend } = this;
    let value: unknown = Array.isArray(toSend) ? undefined : toSend[name];
    if (value === undefined && this.mustBeSearched) {
      value = this.search(name);
    }
    if (Array.isArray(value)) {
      value = value[0];
    }
    return value === undefined || value === null ? undefined : String(value);
  }

  add(name: string, value: string): void {
    const { toSend } = this;
    if (Array.isArray(toSend)) {
      toSend.push(name, value);
    } else {
      toSend[name] = value;
      this.mustBeSearched ||= name !== name.toLowerCase();
    }
  }

  get expectsContinue(): boolean {
    return this.get('expect')?.toLowerCase() === '100-continue';
  }

  /** Whom it asks for. @param origin Where its session leads, unless it says otherwise. */
  originFrom(origin: Origin): Origin {
    const authority = this.get(':authority') ?? this.get('host');
    const scheme = this.get(':scheme') ?? origin.scheme;
    return authority === undefined && scheme === origin.scheme
      ? origin
      : originAt(scheme, authority ?? origin.hostPort);
  }

  /** Each name once, in the form of Node's header objects. */
  get asObject(): OutgoingHttpHeaders {
    const { toSend } = this;
    if (!Array.isArray(toSend)) {
      return { ...toSend };
    }
    const fields = new Map<string, string[]>();
    for (let i = 0; i + 1 < toSend.length; i += 2) {
      addField(fields, String(toSend[i]).toLowerCase(), String(toSend[i + 1]));
    }
    return Object.fromEntries(
      Array.from(fields, ([name, values]) => [name, values.length === 1 ? values[0] : values]),
    );
  }

  private search(name: string): unknown {
    const { toSend } = this;
    if (Array.isArray(toSend)) {
      const at = toSend.findIndex(
        (key, index) =>
          index % 2 === 0 && String(key).toLowerCase() === name && toSend[index + 1] !== undefined,
      );
      return at === -1 ? undefined : toSend[at + 1];
    }
    const key = Object.keys(toSend).find((key) => key.length === name.length && key.toLowerCase() === name);
    return key === undefined ? undefined : toSend[key];
  }
}

function hasCapitals(headers: object): boolean {
  for (const name in headers) {
    if (name !== name.toLowerCase()) {
      return true;
    }
  }
  return false;
}

/** The header fields that a stream was opened with, each name once, the pseudo-headers first, as they are sent. */
export function sentFields(stream: ClientHttp2Stream): Map<string, string[]> {
  const pseudo = new Map<string, string[]>();
  const fields = new Map<string, string[]>();
  for (const [key, value] of Object.entries(stream.sentHeaders ?? {})) {
    const name = key.toLowerCase();
    for (const line of linesOf(value)) {
      addField(name.startsWith(':') ? pseudo : fields, name, line);
    }
  }
  return new Map([...pseudo, ...fields]);
}

function linesOf(value: OutgoingHttpHeaders[string]): string[] {
  if (value === undefined) {
    return [];
  }
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
