import { domainToASCII } from 'node:url';

// Beside the character codes of a pattern, its tokens are:
const ANY_ONE = -1;
const WITHIN = -2;
const ACROSS = -3;
/** The two tokens that follow, or none of them. */
const OPTIONAL_PAIR = -4;

const COLON = ':'.charCodeAt(0);
const HOST_SEPARATORS = '.:';
const PATH_SEPARATORS = '/';
/** The path ends before its query. */
const PATH_ENDS = '?#';

/**
 * One pattern: `?` is one character and `*` any number of them within a segment, `**` any number across segments.
 * A `**` that is a whole segment may also be absent, with its separator: `/a/**` is `/a` too.
 *
 * It is matched in one pass that keeps every possible position in the pattern. A regular expression with several
 * wildcards goes back over the text instead, and whoever sends a long path decides how often.
 */
class Glob {
  private readonly tokens: readonly number[];
  private readonly separators: string;
  private readonly ends: string;
  private readonly alive: Uint8Array;
  /** What stands before the first wildcard, and settles most comparisons. */
  private readonly prefix: string;

  constructor(tokens: readonly number[], separators: string, ends: string) {
    this.tokens = tokens;
    this.separators = separators;
    this.ends = ends;
    this.alive = new Uint8Array(tokens.length + 1);
    const wildcard = tokens.findIndex((token) => token < 0);
    const literals = wildcard < 0 ? tokens : tokens.slice(0, wildcard);
    this.prefix = literals.map((code) => String.fromCharCode(code)).join('');
  }

  matches(text: string): boolean {
    if (!text.startsWith(this.prefix)) {
      return false;
    }
    const alive = this.alive;
    alive.fill(0);
    let first = this.prefix.length;
    let last = this.enter(first);
    for (let i = first; i < text.length; i++) {
      const char = text[i] ?? '';
      if (this.ends.includes(char)) {
        break;
      }
      const code = text.charCodeAt(i);
      const separates = this.separators.includes(char);
      const end = last;
      last = -1;
      let next = -1;
      // From right to left: what is entered belongs to the next character.
      for (let at = end; at >= first; at--) {
        if (alive[at] === 0) {
          continue;
        }
        const token = this.tokens[at];
        alive[at] = 0;
        if (token === ACROSS || (token === WITHIN && !separates)) {
          last = Math.max(last, this.enter(at));
          next = at;
        } else if (token === code || (token === ANY_ONE && !separates)) {
          last = Math.max(last, this.enter(at + 1));
          next = at + 1;
        }
      }
      if (next < 0) {
        return false;
      }
      first = next;
    }
    return alive[this.tokens.length] === 1;
  }

  /** Marks a position, and those that are reached from it without a character. Returns the last of them. */
  private enter(at: number): number {
    const tokens = this.tokens;
    const alive = this.alive;
    for (;;) {
      alive[at] = 1;
      const token = tokens[at];
      if (token === ACROSS || token === WITHIN) {
        at += 1;
      } else if (token === OPTIONAL_PAIR) {
        alive[at + 1] = 1;
        if (tokens[at + 1] === ACROSS) {
          alive[at + 2] = 1;
        }
        at += 3;
      } else {
        return at;
      }
    }
  }
}

function tokenize(pattern: string, separators: string): number[] {
  const text = withoutRepetition(pattern, separators);
  const tokens: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '?') {
      tokens.push(ANY_ONE);
    } else if (char !== '*') {
      tokens.push(text.charCodeAt(i));
    } else if (text[i + 1] !== '*') {
      tokens.push(WITHIN);
    } else {
      const opens = i === 0 || separators.includes(text[i - 1] ?? '');
      while (text[i + 1] === '*') {
        i++;
      }
      const after = text[i + 1];
      if (opens && after !== undefined && separators.includes(after)) {
        tokens.push(OPTIONAL_PAIR, ACROSS, after.charCodeAt(0));
        i++;
      } else if (opens && after === undefined && tokens.length > 0) {
        const separator = tokens.splice(-1);
        tokens.push(OPTIONAL_PAIR, ...separator, ACROSS);
      } else {
        tokens.push(ACROSS);
      }
    }
  }
  return tokens;
}

/** Several whole segments of two stars in a row are one. */
function withoutRepetition(pattern: string, separators: string): string {
  const repeated = new RegExp(
    `(^|[${separators}])(?:\\*\\*+[${separators}])+(?=\\*\\*+(?:[${separators}]|$))`,
    'g',
  );
  return pattern.replace(repeated, '$1');
}

/** The name as it stands in a URL, or `undefined` if it cannot be one. */
function asciiHost(host: string): string | undefined {
  if (host === '' || /[\s/@#\\]/.test(host)) {
    return undefined;
  }
  const labels = host.toLowerCase().split('.').map(asciiLabel);
  return labels.includes(undefined) ? undefined : labels.join('.');
}

function asciiLabel(label: string): string | undefined {
  if (/^[ -~]*$/.test(label)) {
    return label;
  }
  // Punycode has no room for wildcards.
  return /[*?]/.test(label) ? undefined : domainToASCII(label) || undefined;
}

/** The host of a pattern and, if it names one, its port. */
function splitHost(pattern: string): { host: string; port: string | undefined } {
  const bracketed = /^(\[[^\]]*\])(?::(.+))?$/.exec(pattern);
  if (bracketed) {
    return { host: bracketed[1] ?? '', port: bracketed[2] };
  }
  const [host = '', port, ...more] = pattern.split(':');
  return more.length > 0 ? { host: `[${pattern}]`, port: undefined } : { host, port };
}

function hostGlob(pattern: string): Glob | undefined {
  const { host, port } = splitHost(pattern);
  const ascii = asciiHost(host);
  if (ascii === undefined || (port !== undefined && !/^[\d*?]+$/.test(port))) {
    return undefined;
  }
  // Alone it can only mean every host, though a label has no dots.
  const name = ascii === '*' ? '**' : ascii;
  const ending =
    port === undefined ? [OPTIONAL_PAIR, COLON, WITHIN] : [COLON, ...tokenize(port, HOST_SEPARATORS)];
  const tokens = tokenize(name, HOST_SEPARATORS).concat(ending);
  return new Glob(tokens, HOST_SEPARATORS, '');
}

function pathGlob(pattern: string): Glob | undefined {
  if (!/^(\/|\*\*)[^\s#]*$/.test(pattern)) {
    return undefined;
  }
  return new Glob(tokenize(pattern, PATH_SEPARATORS), PATH_SEPARATORS, PATH_ENDS);
}

/** A pattern on host and path; a missing half is not looked at. */
interface UrlGlob {
  readonly host: Glob | undefined;
  readonly path: Glob | undefined;
}

function urlGlob(pattern: string): UrlGlob | undefined {
  const slash = pattern.indexOf('/');
  const hostPart = slash < 0 ? pattern : pattern.slice(0, slash);
  const pathPart = slash < 0 ? '' : pattern.slice(slash);
  if (pattern === '' || pathPart.startsWith('//')) {
    return undefined;
  }
  const host = hostPart === '' ? undefined : hostGlob(hostPart);
  const path = pathPart === '' ? undefined : pathGlob(pathPart);
  if ((hostPart !== '' && !host) || (pathPart !== '' && !path)) {
    return undefined;
  }
  return { host, path };
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}

export function isHostGlob(pattern: string): boolean {
  return hostGlob(pattern) !== undefined;
}

export function isPathGlob(pattern: string): boolean {
  return pathGlob(pattern) !== undefined;
}

export function isUrlGlob(pattern: string): boolean {
  return urlGlob(pattern) !== undefined;
}

/** Whether one of the patterns matches a host: `name`, `name:port`, IPv6 in brackets. */
export function compileHostGlobs(patterns: readonly string[]): (host: string) => boolean {
  const globs = patterns.map(hostGlob).filter(isDefined);
  return (host) => {
    const lowerCase = host.toLowerCase();
    return globs.some((glob) => glob.matches(lowerCase));
  };
}

/** Whether one of the patterns matches a path, with its query or without. */
export function compilePathGlobs(patterns: readonly string[]): (path: string) => boolean {
  const globs = patterns.map(pathGlob).filter(isDefined);
  return (path) => globs.some((glob) => glob.matches(path));
}

/** Whether one of the patterns matches a host, as for `compileHostGlobs`, and a path, as for `compilePathGlobs`. */
export function compileUrlGlobs(patterns: readonly string[]): (host: string, path: string) => boolean {
  const globs = patterns.map(urlGlob).filter(isDefined);
  return (host, path) => {
    const lowerCase = host.toLowerCase();
    return globs.some(
      (glob) => (!glob.host || glob.host.matches(lowerCase)) && (!glob.path || glob.path.matches(path)),
    );
  };
}
