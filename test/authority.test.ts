import { describe, expect, it } from 'vitest';
import { defaultPort, hostOf, hostPort, plainAddress, portOf } from '../src/authority.js';

describe('plainAddress', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::FFFF:10.1.2.80', '10.1.2.80'],
    ['[::ffff:10.1.2.80]', '10.1.2.80'],
    ['::ffff:7f00:1', '::ffff:7f00:1'],
    ['2001:db8::ffff:1.2.3.4', '2001:db8::ffff:1.2.3.4'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['/run/app.sock', '/run/app.sock'],
    ['example.com', 'example.com'],
    ['', ''],
  ])('of %s is %s', (address, plain) => {
    expect(plainAddress(address)).toBe(plain);
  });
});

describe('hostOf and portOf', () => {
  it.each([
    ['example.com', 'example.com', undefined],
    ['example.com:8080', 'example.com', 8080],
    ['EXAMPLE.com:1', 'EXAMPLE.com', 1],
    ['127.0.0.1:65535', '127.0.0.1', 65535],
    ['[::1]', '::1', undefined],
    ['[::1]:80', '::1', 80],
    ['[::ffff:1.2.3.4]:80', '1.2.3.4', 80],
    ['::1', '::1', undefined],
    ['2001:db8::1', '2001:db8::1', undefined],
    ['example.com:', 'example.com', undefined],
    ['example.com:0', 'example.com', undefined],
    ['example.com:65536', 'example.com', undefined],
    ['example.com:999999', 'example.com', undefined],
    ['example.com:8a', 'example.com', undefined],
    ['example.com:-1', 'example.com', undefined],
    ['example.com: 80', 'example.com', undefined],
    ['example.com:١', 'example.com', undefined],
    ['[::1]x', '::1', undefined],
    [':80', undefined, 80],
    ['[::1', undefined, undefined],
    ['[]', undefined, undefined],
    [']', ']', undefined],
    ['', undefined, undefined],
  ])('of %s are %s and %s', (hostPort, host, port) => {
    expect([hostOf(hostPort), portOf(hostPort)]).toEqual([host, port]);
  });
});

describe('defaultPort', () => {
  it.each([
    ['http', 80],
    ['https', 443],
    ['http:', 80],
    ['https:', 443],
    ['ftp', undefined],
    ['', undefined],
  ])('of %s is %s', (scheme, port) => {
    expect(defaultPort(scheme)).toBe(port);
  });
});

describe('hostPort', () => {
  it.each([
    ['a.io', 80, 'a.io:80'],
    ['127.0.0.1', '8080', '127.0.0.1:8080'],
    ['::1', 443, '[::1]:443'],
  ])('of %s and %s is %s', (host, port, expected) => {
    expect(hostPort(host, port)).toBe(expected);
  });
});
