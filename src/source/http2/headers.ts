import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { type Origin, originAt } from '../../origin.js';
import { addField } from '../header-fields.js';

/** The argument of `session.request`: an object, or names and values in turn. */
export type GivenHeaders = OutgoingHttpHeaders | readonly unknown[] | undefined;

/**
 * The header of one request before it is sent. It is a copy: the program's object is read once, as Node reads it, and never
 * written to. Symbols are copied too, such as the list of sensitive headers.
 */
export class RequestHeaders {
  /** Node is given this in place of the program's object. */
  readonly toSend: Record<PropertyKey, unknown> | unknown[];
  /** Whether a name may be there in another case, or in an array, so that it must be searched for. */
  private mustBeSearched: boolean;
  private givenMethod: string | undefined = undefined;
  private givenPath: string | undefined = undefined;
  private scheme: string | undefined = undefined;
  private authority: string | undefined = undefined;
  private host: string | undefined = undefined;
  private protocol: string | undefined = undefined;
  private contentType: string | undefined = undefined;
  private expect: string | undefined = undefined;

  constructor(given: GivenHeaders) {
    if (Array.isArray(given)) {
      const toSend: unknown[] = Object.assign([], given);
      this.toSend = toSend;
      this.mustBeSearched = true;
      for (let i = 0; i + 1 < toSend.length; i += 2) {
        this.read(String(toSend[i]).toLowerCase(), toSend[i + 1]);
      }
    } else {
      // V8 clones the object in one step, but not into one without a prototype, whose keys it would hash at each
      // look. Node makes a copy without one in any case.
      const toSend: Record<PropertyKey, unknown> = { ...given };
      this.toSend = toSend;
      this.mustBeSearched = false;
      for (const name of Object.keys(toSend)) {
        const lower = name.toLowerCase();
        this.mustBeSearched ||= lower !== name;
        this.read(lower, toSend[name]);
      }
    }
  }

  /** Keeps the first value of each field that every request is asked for. */
  private read(name: string, value: unknown): void {
    switch (name) {
      case ':method':
        this.givenMethod ??= textOf(value);
        break;
      case ':path':
        this.givenPath ??= textOf(value);
        break;
      case ':scheme':
        this.scheme ??= textOf(value);
        break;
      case ':authority':
        this.authority ??= textOf(value);
        break;
      case ':protocol':
        this.protocol ??= textOf(value);
        break;
      case 'host':
        this.host ??= textOf(value);
        break;
      case 'content-type':
        this.contentType ??= textOf(value);
        break;
      case 'expect':
        this.expect ??= textOf(value);
    }
  }

  get method(): string {
    return this.givenMethod ?? 'GET';
  }

  get path(): string {
    return this.givenPath ?? '/';
  }

  /** Whether the request is a call of gRPC, which has an instrumentation of its own. */
  get isGrpc(): boolean {
    return this.contentType?.startsWith('application/grpc') === true;
  }

  /** Whether the request opens a tunnel, and asks for no resource. */
  get isTunnel(): boolean {
    return this.givenMethod === 'CONNECT' && this.protocol === undefined;
  }

  get expectsContinue(): boolean {
    return this.expect?.toLowerCase() === '100-continue';
  }

  /** The server that the request names. @param origin That of its session, for a request that names none. */
  originFrom(origin: Origin): Origin {
    const authority = this.authority ?? this.host;
    const scheme = this.scheme ?? origin.scheme;
    return authority === undefined && scheme === origin.scheme
      ? origin
      : originAt(scheme, authority ?? origin.hostPort);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** @param name In lower case. @returns The value of its first line. */
  get(name: string): string | undefined {
    const { toSend } = this;
    const value = !Array.isArray(toSend) && Object.hasOwn(toSend, name) ? toSend[name] : undefined;
    return textOf(value === undefined && this.mustBeSearched ? this.search(name) : value);
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

  /** Each name once, in the form of Node's header objects. */
  get asObject(): OutgoingHttpHeaders {
    const { toSend } = this;
    if (!Array.isArray(toSend)) {
      return { ...toSend } as OutgoingHttpHeaders;
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

/** Of several lines the first. */
function textOf(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return first === undefined || first === null ? undefined : String(first);
}

/** The header fields that a stream was opened with, each name once. The pseudo-headers come first, as they are sent. */
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
