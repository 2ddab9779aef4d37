import { domainToASCII } from 'node:url';
import { Glob, optional, tokenize } from './glob.js';

const COLON = ':'.charCodeAt(0);
const HOST_SEPARATORS = '.:';
const PATH_SEPARATORS = '/';
/** The characters that end a path: those of query and fragment. */
const PATH_ENDS = '?#';

/** A host name as it is written in a URL; `undefined` if the text cannot be one. */
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

/** The host of a pattern, and its port if it names one. */
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
  // A lone `*` means every host, although `*` elsewhere matches no dots.
  const name = ascii === '*' ? '**' : ascii;
  const ending = port === undefined ? optional(':') : [COLON, ...tokenize(port, HOST_SEPARATORS)];
  return new Glob([...tokenize(name, HOST_SEPARATORS), ...ending], HOST_SEPARATORS);
}

function pathGlob(pattern: string): Glob | undefined {
  if (!/^(\/|\*\*)[^\s#]*$/.test(pattern)) {
    return undefined;
  }
  return new Glob(tokenize(pattern, PATH_SEPARATORS), PATH_SEPARATORS, PATH_ENDS);
}

/** A pattern on host and path. An absent half matches everything. */
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

/** Makes the function that says whether one of the patterns matches a host: `name`, `name:port`, IPv6 in brackets. */
export function compileHostGlobs(patterns: readonly string[]): (host: string) => boolean {
  const globs = patterns.map(hostGlob).filter(isDefined);
  return (host) => {
    const lowerCase = host.toLowerCase();
    return globs.some((glob) => glob.matches(lowerCase));
  };
}

/** Makes the function that says whether one of the patterns matches a path, with its query or without. */
export function compilePathGlobs(patterns: readonly string[]): (path: string) => boolean {
  const globs = patterns.map(pathGlob).filter(isDefined);
  return (path) => globs.some((glob) => glob.matches(path));
}

/** Makes the function that says whether one of the patterns matches a host and a path. */
export function compileUrlGlobs(patterns: readonly string[]): (host: string, path: string) => boolean {
  const globs = patterns.map(urlGlob).filter(isDefined);
  return (host, path) => {
    const lowerCase = host.toLowerCase();
    return globs.some(
      (glob) => (!glob.host || glob.host.matches(lowerCase)) && (!glob.path || glob.path.matches(path)),
    );
  };
}
