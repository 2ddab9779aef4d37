import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { addField } from '../header-fields.js';

/** What `session.request` is given: an object, or names and values in turn. */
export type GivenHeaders = OutgoingHttpHeaders | readonly unknown[] | undefined;

const NONE: OutgoingHttpHeaders = {};

/** The header of one request before it is sent. The program's own object is read, and never written to. */
export class RequestHeaders {
  private readonly given: GivenHeaders;
  private added: [name: string, value: string][] | undefined = undefined;

  constructor(given: GivenHeaders) {
    this.given = given;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** @param name In lower case. @returns The value of its first line. */
  get(name: string): string | undefined {
    const value = this.valueOf(name) ?? this.added?.find(([added]) => added === name)?.[1];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return first === undefined || first === null ? undefined : String(first);
  }

  add(name: string, value: string): void {
    this.added ??= [];
    this.added.push([name, value]);
  }

  /** What Node is to be given: what the program gave, or a copy of it with what was added. */
  get toSend(): GivenHeaders {
    const { given, added } = this;
    if (added === undefined) {
      return given;
    }
    if (Array.isArray(given)) {
      // With the list of sensitive headers, which hangs on the array.
      const copy: unknown[] = Object.assign([], given);
      copy.push(...added.flat());
      return copy;
    }
    return Object.assign(Object.create(null), given, Object.fromEntries(added));
  }

  /** Each name once, in the form of Node's header objects. */
  get asObject(): OutgoingHttpHeaders {
    const { given } = this;
    if (!Array.isArray(given)) {
      return { ...(given as OutgoingHttpHeaders | undefined) };
    }
    const fields = new Map<string, string[]>();
    for (let i = 0; i + 1 < given.length; i += 2) {
      addField(fields, String(given[i]).toLowerCase(), String(given[i + 1]));
    }
    return Object.fromEntries(
      Array.from(fields, ([name, values]) => [name, values.length === 1 ? values[0] : values]),
    );
  }

  private valueOf(name: string): unknown {
    const { given } = this;
    if (Array.isArray(given)) {
      const at = given.findIndex(
        (key, index) =>
          index % 2 === 0 && String(key).toLowerCase() === name && given[index + 1] !== undefined,
      );
      return at === -1 ? undefined : given[at + 1];
    }
    const own = (given ?? NONE) as OutgoingHttpHeaders;
    if (Object.hasOwn(own, name)) {
      return own[name];
    }
    const key = Object.keys(own).find((key) => key.length === name.length && key.toLowerCase() === name);
    return key === undefined ? undefined : own[key];
  }
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
