import { describe, expect, it } from 'vitest';
import {
  compileHostGlobs,
  compilePathGlobs,
  compileUrlGlobs,
  isHostGlob,
  isPathGlob,
  isUrlGlob,
} from '../../src/config/url-globs.js';

const host = (pattern: string, text: string) => compileHostGlobs([pattern])(text);
const path = (pattern: string, text: string) => compilePathGlobs([pattern])(text);

describe('a glob on the host', () => {
  it.each([
    ['api.example.com', 'api.example.com', true],
    ['api.example.com', 'api.example.org', false],
    ['api.example.com', 'x.api.example.com', false],
    ['api.example.com', 'api.example.com.evil.org', false],
    ['api.example.com', 'apixexample.com', false],
    ['', '', false],
  ])('%s without wildcards: %s is %s', (pattern, text, matches) => {
    expect(host(pattern, text)).toBe(matches);
  });

  it.each([
    ['*.example.com', 'api.example.com', true],
    ['*.example.com', 'a.b.example.com', false],
    ['*.example.com', 'example.com', false],
    ['api-*.example.com', 'api-7.example.com', true],
    ['api-*.example.com', 'api-.example.com', true],
    ['*-*-*.internal', 'a-b-c.internal', true],
    ['10.0.*.*', '10.0.17.3', true],
    ['10.0.*', '10.0.17.3', false],
  ])('%s: a star stays within a label: %s is %s', (pattern, text, matches) => {
    expect(host(pattern, text)).toBe(matches);
  });

  it.each([
    ['**.example.com', 'a.b.example.com', true],
    ['**.example.com', 'example.com', true],
    ['**.example.com', 'badexample.com', false],
    ['**example.com', 'badexample.com', true],
    ['a.**.z', 'a.z', true],
    ['a.**.z', 'a.b.c.z', true],
    ['a.**.z', 'a.bz', false],
    ['10.**', '10.1.2.3', true],
    ['10.**', '100.1.2.3', false],
    ['**', 'any.host.at.all', true],
    ['**', '[::1]:8080', true],
  ])('%s: two stars cross labels: %s is %s', (pattern, text, matches) => {
    expect(host(pattern, text)).toBe(matches);
  });

  it('takes a question mark for one character of a label', () => {
    expect(host('node?.local', 'node1.local')).toBe(true);
    expect(host('node?.local', 'node12.local')).toBe(false);
    expect(host('node?local', 'node.local')).toBe(false);
  });

  it('takes a lone star for every host', () => {
    expect(host('*', 'api.example.com')).toBe(true);
    expect(host('*:8443', 'api.example.com:8443')).toBe(true);
    expect(host('*:8443', 'api.example.com:443')).toBe(false);
  });

  it('compares hosts without regard to case', () => {
    expect(host('API.Example.com', 'api.EXAMPLE.com')).toBe(true);
  });

  it.each([
    ['localhost', 'localhost', true],
    ['localhost', 'localhost:8080', true],
    ['localhost:8080', 'localhost:8080', true],
    ['localhost:8080', 'localhost:9090', false],
    ['localhost:8080', 'localhost', false],
    ['localhost:80*', 'localhost:8080', true],
    ['localhost:80??', 'localhost:80', false],
  ])('%s without a port is for any, with one for that alone: %s is %s', (pattern, text, matches) => {
    expect(host(pattern, text)).toBe(matches);
  });

  it.each([
    ['[::1]', '[::1]:8080', true],
    ['::1', '[::1]:8080', true],
    ['::1', '[::1]', true],
    ['[::1]:8080', '[::1]:9090', false],
    ['fd00::*', '[fd00::17]:443', true],
    ['fd00::*', '[fd00::17:1]:443', false],
    ['fd00::**', '[fd00::17:1]:443', true],
  ])('%s is IPv6 with brackets or without: %s is %s', (pattern, text, matches) => {
    expect(host(pattern, text)).toBe(matches);
  });

  it('is written as it is read: names in any script', () => {
    expect(host('**.bücher.example', 'www.xn--bcher-kva.example')).toBe(true);
    expect(isHostGlob('b*cher-ü.example')).toBe(false);
  });

  it('takes characters of regular expressions for themselves', () => {
    expect(host('a.(b|c)+$', 'a.b')).toBe(false);
    expect(host('a.(b|c)+$', 'a.(b|c)+$')).toBe(true);
  });

  it.each([
    '',
    'https://a.example',
    'a.example/path',
    'user@a.example',
    'a b',
    'a.example:',
    'a.example:http',
  ])('is not %j', (pattern) => {
    expect(isHostGlob(pattern)).toBe(false);
  });
});

describe('a glob on the path', () => {
  it.each([
    ['/health', '/health', true],
    ['/health', '/healthz', false],
    ['/health', '/v1/health', false],
    ['/health', '/Health', false],
    ['/health?', '/healthz', true],
    ['/v?/health', '/v1/health', true],
    ['/v?/health', '/v//health', false],
    ['/*', '/health', true],
    ['/*', '/health/live', false],
    ['/health*', '/healthz', true],
    ['/a*c*e', '/abcde', true],
    ['/a*c*e', '/abcdef', false],
    ['/a/*/c', '/a/b/c', true],
    ['/a/*/c', '/a//c', true],
    ['/a/*/c', '/a/c', false],
  ])('%s: a star stays within a segment: %s is %s', (pattern, text, matches) => {
    expect(path(pattern, text)).toBe(matches);
  });

  it.each([
    ['/static/**', '/static/a/b.js', true],
    ['/static/**', '/static/', true],
    ['/static/**', '/static', true],
    ['/static/**', '/statics', false],
    ['/a/**/z', '/a/z', true],
    ['/a/**/z', '/a/b/c/z', true],
    ['/a/**/z', '/a/bz', false],
    ['**/health', '/health', true],
    ['**/health', '/v1/live/health', true],
    ['/**.js', '/a/b.js', true],
    ['/a**z', '/a/b/z', true],
    ['/a**/z', '/ab/c/z', true],
    ['/a**/z', '/az', false],
    ['/a**', '/ab/c', true],
    ['/a**', '/', false],
    ['/**/a/**/b', '/x/a/y/a/b', true],
    ['/**', '/', true],
    ['/a/**/**', '/a', true],
    ['/a/**/**', '/ab', false],
    ['/a/**/***/z', '/a/z', true],
    ['/a/**/**/z', '/a/b/c/z', true],
    ['/a/**/**/z', '/az', false],
    ['**', '/a/b', true],
  ])('%s: two stars cross segments: %s is %s', (pattern, text, matches) => {
    expect(path(pattern, text)).toBe(matches);
  });

  it('does not look at the query', () => {
    expect(path('/health', '/health?full=1')).toBe(true);
    expect(path('/health', '/health?')).toBe(true);
    expect(path('/**z', '/a?z')).toBe(false);
  });

  it.each(['', 'health', '*', '*/health', 'https://a.example/health', '/a b', '/a#b'])(
    'is not %j',
    (pattern) => {
      expect(isPathGlob(pattern)).toBe(false);
    },
  );
});

describe('a glob on host and path', () => {
  const url = (pattern: string, ...[host, path]: [string, string]) => compileUrlGlobs([pattern])(host, path);

  it.each([
    ['api.example.com', 'api.example.com:443', '/any/path', true],
    ['api.example.com', 'www.example.com:443', '/any/path', false],
    ['API.example.com/health', 'api.example.com:443', '/health?x', true],
    ['API.example.com/Health', 'api.example.com:443', '/health', false],
    ['api.example.com/', 'api.example.com', '/', true],
    ['api.example.com/', 'api.example.com', '/a', false],
    ['/health', 'any.example:1', '/health', true],
    ['/health', 'any.example:1', '/v1/health', false],
    ['*/health', 'any.example:1', '/health', true],
    ['**/health', 'any.example:1', '/health', true],
    ['*.local:80/**', 'a.local:80', '/a/b', true],
    ['::1/health', '[::1]:80', '/health', true],
  ])('%s, %s %s: %s', (pattern, hostText, pathText, matches) => {
    expect(url(pattern, hostText, pathText)).toBe(matches);
  });

  it.each(['', 'https://a.example/health', '//a.example', 'a b/c', 'a/b c', '//'])('is not %j', (pattern) => {
    expect(isUrlGlob(pattern)).toBe(false);
  });
});

it('matches if one of several does', () => {
  const isInternal = compileHostGlobs(['*.internal', 'localhost']);
  expect(['a.internal', 'localhost:80', 'a.example'].map(isInternal)).toEqual([true, true, false]);
});

/** What the words of the documentation say, tried out in every way. */
function meaning(pattern: string, text: string, separator: string, opening = true): boolean {
  if (pattern === '') {
    return text === '';
  }
  const rest = pattern.slice(1);
  const whole = opening && pattern.startsWith(`**${separator}`);
  if (whole && meaning(pattern.slice(3), text, separator)) {
    return true;
  }
  const last = pattern === `${separator}**` || pattern === `${separator}**/`;
  if (last && text === '') {
    return true;
  }
  if (pattern.startsWith('**')) {
    for (let i = 0; i <= text.length; i++) {
      if (meaning(pattern.slice(2), text.slice(i), separator, false)) {
        return true;
      }
    }
    return false;
  }
  if (pattern[0] === '*') {
    for (let i = 0; i <= text.length; i++) {
      if (text.slice(0, i).includes(separator)) {
        break;
      }
      if (meaning(rest, text.slice(i), separator, false)) {
        return true;
      }
    }
    return false;
  }
  const fits = pattern[0] === '?' ? text !== '' && text[0] !== separator : pattern[0] === text[0];
  return fits && meaning(rest, text.slice(1), separator, pattern[0] === separator);
}

it('means what is written about it, for all short patterns and paths', () => {
  const parts = ['', 'a', 'ab', '*', '**', '?', 'a*', '*b', '**b', 'a*b*a'];
  const texts = ['', 'a', 'b', 'ab', 'aba', 'abba'];
  const differences: string[] = [];
  let compared = 0;
  for (const first of parts) {
    for (const second of parts) {
      for (const third of parts) {
        const pattern = `/${[first, second, third].filter((part) => part !== '').join('/')}`;
        // Two whole stars in a row are one, which the naive reading says less plainly.
        if (/\*\*\/\*\*/.test(pattern)) {
          continue;
        }
        const matches = compilePathGlobs([pattern]);
        for (const left of texts) {
          for (const right of texts) {
            const text = `/${left}/${right}`;
            compared++;
            if (matches(text) !== meaning(pattern, text, '/')) {
              differences.push(`${pattern} ${text}`);
            }
          }
        }
      }
    }
  }
  expect(differences).toEqual([]);
  expect(compared).toBeGreaterThan(25_000);
});

describe('whoever sends a long path', () => {
  it.each(['/*a*a*a*a*a*a*b', '/**a**a**a**a**a**b', '/**a*a*a*b', '/**/a/**/a/**/a/**/b'])(
    'cannot make %s slow',
    (pattern) => {
      const matches = compilePathGlobs([pattern]);
      const text = pattern.includes('/a/') ? '/a'.repeat(50_000) : `/${'a'.repeat(100_000)}`;
      const began = performance.now();
      expect(matches(text)).toBe(false);
      expect(performance.now() - began).toBeLessThan(5_000);
    },
  );

  it('cannot make a glob of many thousand wildcards fail', () => {
    const matches = compilePathGlobs([`/${'**/*/'.repeat(20_000)}x`]);
    expect(matches('/a/b'.repeat(50))).toBe(false);
  });
});
