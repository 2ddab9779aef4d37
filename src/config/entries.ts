import { OPT_IN_ATTRIBUTES } from './defaults.js';
import { describe } from './foreign.js';
import type { Entry } from './kinds.js';
import { didYouMean, nearest } from './suggest.js';
import { isHostGlob, isPathGlob, isUrlGlob } from './url-globs.js';

/** The form of a header name and of a method: RFC 9110, section 5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

function entry(values: string, accepts: (entry: string) => boolean, expected: string): Entry {
  return {
    values,
    problem: (entry) => (accepts(entry) ? undefined : `expected ${expected}, got ${describe(entry)}`),
  };
}

export const headerNames = entry('header names', (name) => TOKEN.test(name), 'the name of a header');
export const methods = entry('methods', (method) => TOKEN.test(method), 'a method');
export const queryParams = entry('names of query parameters', () => true, 'a name');
export const hostGlobs = entry('globs on the host', isHostGlob, 'a glob on the host, with or without a port');
export const pathGlobs = entry(
  'globs on the path',
  isPathGlob,
  'a glob on the path, which begins with "/" or "**"',
);
export const urlGlobs = entry(
  'globs on `host`, `host/path` or `/path`',
  isUrlGlob,
  'a glob on host, host/path or /path, without a scheme',
);

export const optInAttributes: Entry = {
  values: OPT_IN_ATTRIBUTES.map((name) => `\`${name}\``).join(', '),
  problem: (name) =>
    OPT_IN_ATTRIBUTES.includes(name)
      ? undefined
      : `unknown attribute ${describe(name)}${didYouMean(nearest(name, OPT_IN_ATTRIBUTES))}`,
};
