import { describe, expect, it } from 'vitest';
import {
  authorityFor,
  authorityOf,
  type Origin,
  originAt,
  originFor,
  originOf,
  schemeOf,
} from '../src/origin.js';

describe('originOf', () => {
  it.each<[string, Origin]>([
    [
      'http://a.io',
      { scheme: 'http', address: 'a.io', port: 80, hostPort: 'a.io:80', redacted: 'http://a.io' },
    ],
    [
      'https://a.io:8443',
      { scheme: 'https', address: 'a.io', port: 8443, hostPort: 'a.io:8443', redacted: 'https://a.io:8443' },
    ],
    [
      'http://[::1]:8080',
      { scheme: 'http', address: '::1', port: 8080, hostPort: '[::1]:8080', redacted: 'http://[::1]:8080' },
    ],
    [
      'http://u:p@a.io/base?x#y',
      {
        scheme: 'http',
        address: 'a.io',
        port: 80,
        hostPort: 'a.io:80',
        redacted: 'http://REDACTED:REDACTED@a.io',
      },
    ],
    [
      'HTTP://A.io',
      { scheme: 'http', address: 'A.io', port: 80, hostPort: 'A.io:80', redacted: 'HTTP://A.io' },
    ],
    [
      'redis://a.io',
      { scheme: 'redis', address: 'a.io', port: undefined, hostPort: 'a.io', redacted: 'redis://a.io' },
    ],
    ['', { scheme: '', address: undefined, port: undefined, hostPort: '', redacted: '' }],
  ])('of %s', (url, origin) => {
    expect(originOf(url)).toEqual(origin);
  });
});

describe('originAt', () => {
  it.each([
    ['http', 'a.io:80', { scheme: 'http', port: 80, hostPort: 'a.io:80', redacted: 'http://a.io:80' }],
    ['https:', 'a.io', { scheme: 'https', port: 443, hostPort: 'a.io:443', redacted: 'https://a.io' }],
    ['redis:', 'a.io', { scheme: 'redis', port: undefined, hostPort: 'a.io', redacted: 'redis://a.io' }],
    ['', 'a.io:1', { scheme: '', port: 1, hostPort: 'a.io:1' }],
  ])('of %s and %s', (scheme, authority, origin) => {
    expect(originAt(scheme, authority)).toMatchObject(origin);
  });
});

describe('what is known of an origin', () => {
  it('is read once, though origins alternate', () => {
    const [a, b] = [originOf('http://a.io'), originOf('http://b.io')];
    expect([originOf('http://a.io'), originOf('http://b.io')]).toEqual([a, b]);
    expect(originOf('http://a.io')).toBe(a);
    expect(originAt('http', 'a.io')).toBe(originAt('http:', 'a.io'));
    expect(originAt('https', 'a.io')).not.toBe(originAt('http', 'a.io'));
  });

  it.each([
    ['there are more than a thousand', (n: number) => `h${n}.io`],
    ['its name is long', () => 'long'.repeat(100)],
  ])('is forgotten when %s', (_, hostOf) => {
    const first = originAt('http', hostOf(0));
    for (let n = 1; n <= 1000; n++) {
      originAt('http', hostOf(n));
    }
    expect(originAt('http', hostOf(0))).not.toBe(first);
    expect(originAt('http', hostOf(0))).toEqual(first);
  });
});

describe('authorityFor', () => {
  it.each([
    ['http:', 'a.io', 8080, 'http://a.io:8080'],
    ['https:', 'a.io', '8443', 'https://a.io:8443'],
    ['http:', 'a.io', 80, 'http://a.io'],
    ['http', 'a.io', '80', 'http://a.io'],
    ['https:', 'a.io', 443, 'https://a.io'],
    ['https:', 'a.io', 80, 'https://a.io:80'],
    ['http:', 'a.io', 443, 'http://a.io:443'],
    ['http:', '::1', 8080, 'http://[::1]:8080'],
    ['http:', '[::1]', 80, 'http://[::1]'],
    ['http:', 'a.io', undefined, 'http://a.io'],
    ['http:', 'a.io', '', 'http://a.io'],
  ])('of %s, %s and %s is %s', (scheme, host, port, origin) => {
    expect(originAt(scheme, authorityFor(scheme, host, port)).redacted).toBe(origin);
  });
});

describe('originFor', () => {
  it.each([
    ['http:', 'a.io', 8080, 'http://a.io:8080'],
    ['https:', 'a.io', 8080, 'https://a.io:8080'],
    ['https:', 'a.io', '8080', 'https://a.io:8080'],
    ['https:', '::1', 443, 'https://[::1]'],
    ['redis:', 'a.io', 8080, 'redis://a.io:8080'],
  ])('of %s, %s and %s is %s, each time', (protocol, host, port, origin) => {
    expect(originFor(protocol, host, port).redacted).toBe(origin);
    expect(originFor(protocol, host, port).redacted).toBe(origin);
  });

  it('is read once, and forgotten when there are more than a thousand', () => {
    const first = originFor('http:', 'a.io', 0);
    expect(originFor('http:', 'a.io', 0)).toBe(first);
    for (let port = 1; port <= 1000; port++) {
      originFor('http:', 'a.io', port);
    }
    expect(originFor('http:', 'a.io', 0)).not.toBe(first);
  });
});

describe('authorityOf', () => {
  it.each([
    ['http://a.io', 'a.io'],
    ['http://a.io:8080/p', 'a.io:8080'],
    ['http://a.io?x@y', 'a.io'],
    ['http://a.io/u@b.io', 'a.io'],
    ['http://u:p@a.io:80/p', 'a.io:80'],
    ['http://u@x@a.io', 'a.io'],
    ['http://[::1]:80#f', '[::1]:80'],
    ['http:///p', undefined],
    ['http://u@/p', undefined],
    ['//a.io/p', undefined],
    ['/p?u=http://a.io', undefined],
    ['a.io:443', undefined],
    ['*', undefined],
    ['', undefined],
  ])('of %s is %s', (url, authority) => {
    expect(authorityOf(url)).toBe(authority);
  });
});

describe('schemeOf', () => {
  it.each([
    ['http://a.io', 'http'],
    ['HTTPS://a.io', 'https'],
    ['/p?u=http://a.io', undefined],
    ['a.io:443', undefined],
    ['', undefined],
  ])('of %s is %s', (url, scheme) => {
    expect(schemeOf(url)).toBe(scheme);
  });
});
