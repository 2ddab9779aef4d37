import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parseForwarded } from '../../../src/emit/http/forwarded.js';
import { forSeeds, type Random } from './random.js';

describe('parseForwarded', () => {
  it('is undefined when no proxy said anything', () => {
    expect(parseForwarded({ host: 'a.io', 'x-real-ip': '1.2.3.4' })).toBeUndefined();
  });

  it.each([
    ['for=192.0.2.43', { clientAddress: '192.0.2.43' }],
    ['for="192.0.2.43:47011"', { clientAddress: '192.0.2.43', clientPort: 47011 }],
    ['For="[2001:db8:cafe::17]:4711"', { clientAddress: '2001:db8:cafe::17', clientPort: 4711 }],
    ['for="[2001:db8:cafe::17]"', { clientAddress: '2001:db8:cafe::17' }],
    ['for=[2001:db8:cafe::17]:4711', { clientAddress: '2001:db8:cafe::17', clientPort: 4711 }],
    ['for="[::ffff:192.0.2.43]:80"', { clientAddress: '192.0.2.43', clientPort: 80 }],
    ['for="192.0.2.43:_port"', { clientAddress: '192.0.2.43' }],
    ['for=192.0.2.43, for=198.51.100.17', { clientAddress: '192.0.2.43' }],
    ['for=unknown, for=198.51.100.17', { clientAddress: '198.51.100.17' }],
    ['for="_gazonk", for=_SEVKISEK, for="198.51.100.17"', { clientAddress: '198.51.100.17' }],
    ['for=unknown', {}],
    ['for="unknown:80"', {}],
    ['proto=https', { scheme: 'https' }],
    ['PROTO=HTTP', { scheme: 'http' }],
    ['proto="https"', { scheme: 'https' }],
    ['proto=wss', {}],
    ['proto=wss, proto=https', { scheme: 'https' }],
    ['host=example.com', { serverAddress: 'example.com' }],
    ['host="example.com:8080"', { serverAddress: 'example.com', serverPort: 8080 }],
    ['host=example.com:8080', { serverAddress: 'example.com', serverPort: 8080 }],
    ['host="[2001:db8::1]:8443"', { serverAddress: '2001:db8::1', serverPort: 8443 }],
    ['host="my_service:80"', { serverAddress: 'my_service', serverPort: 80 }],
    [
      'for=192.0.2.60;proto=http;by=203.0.113.43;host=a.io',
      { clientAddress: '192.0.2.60', scheme: 'http', serverAddress: 'a.io' },
    ],
    [
      ' for=192.0.2.60 ; proto=https , by=203.0.113.43; host=a.io,,;',
      { clientAddress: '192.0.2.60', scheme: 'https', serverAddress: 'a.io' },
    ],
    ['ext="a;for=6.6.6.6,for=6.6.6.6";for=1.2.3.4', { clientAddress: '1.2.3.4' }],
    ['ext="a\\";for=6.6.6.6";for=1.2.3.4', { clientAddress: '1.2.3.4' }],
    ['for="1.2.3\\.4"', { clientAddress: '1.2.3.4' }],
    ['ext=;for=1.2.3.4', { clientAddress: '1.2.3.4' }],
  ])('reads Forwarded: %s', (forwarded, expected) => {
    expect(parseForwarded({ forwarded })).toEqual(expected);
  });

  it.each([
    '',
    ' ',
    ',;,',
    'for',
    'for=',
    '=1.2.3.4',
    'for:1.2.3.4',
    'for="1.2.3.4',
    'for="1.2.3.4\\"',
    'for="1.2.3.4"x',
    'for=1.2.3.4 5',
    'for=1.2.3',
    'for=1.2.3.4.5',
    'for=256.1.1.1',
    'for=example.com',
    'for="[1.2.3.4"',
    'for="[::1"',
    'for="fe80::1%eth0"',
    'for=<script>',
    'host=<script>',
    'host="a b"',
    'host=a/b',
    'host=a:b',
    'host=a:1:2',
    'host="[1234]"',
    'host="[::1"',
    'host="(null)"',
    `host=${'a'.repeat(300)}`,
    'proto=javascript',
    'proto="http:"',
    'garbage, for=1.2.3.4',
  ])('takes nothing from Forwarded: %s', (forwarded) => {
    expect(parseForwarded({ forwarded })).toEqual({});
  });

  it.each([
    ['1.2.3.4', { clientAddress: '1.2.3.4' }],
    ['1.2.3.4, 5.6.7.8', { clientAddress: '1.2.3.4' }],
    ['1.2.3.4:5678, 5.6.7.8', { clientAddress: '1.2.3.4', clientPort: 5678 }],
    ['2001:db8::1', { clientAddress: '2001:db8::1' }],
    ['[2001:db8::1]:80', { clientAddress: '2001:db8::1', clientPort: 80 }],
    ['::ffff:1.2.3.4', { clientAddress: '1.2.3.4' }],
    ['unknown, 5.6.7.8', { clientAddress: '5.6.7.8' }],
    [', 5.6.7.8', { clientAddress: '5.6.7.8' }],
    ['unknown', {}],
    ['<script>', {}],
    ['1.2.3.4 5.6.7.8', {}],
    ['', {}],
  ])('reads X-Forwarded-For: %s', (header, expected) => {
    expect(parseForwarded({ 'x-forwarded-for': header })).toEqual(expected);
  });

  it.each([
    ['a.io', { serverAddress: 'a.io' }],
    ['a.io:8080, b.io', { serverAddress: 'a.io', serverPort: 8080 }],
    ['[::1]:80', { serverAddress: '::1', serverPort: 80 }],
    ['a.io:99999', { serverAddress: 'a.io' }],
    ['<script>, b.io', {}],
    ['', {}],
  ])('reads X-Forwarded-Host: %s', (header, expected) => {
    expect(parseForwarded({ 'x-forwarded-host': header })).toEqual(expected);
  });

  it.each([
    ['https', { scheme: 'https' }],
    ['HTTPS, http', { scheme: 'https' }],
    ['ws, https', {}],
    ['', {}],
  ])('reads X-Forwarded-Proto: %s', (header, expected) => {
    expect(parseForwarded({ 'x-forwarded-proto': header })).toEqual(expected);
  });

  it('takes Forwarded before X-Forwarded-*, each fact for itself', () => {
    expect(
      parseForwarded({
        forwarded: 'for=unknown;host=a.io',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-host': 'b.io:8080',
        'x-forwarded-proto': 'https',
      }),
    ).toEqual({ clientAddress: '1.2.3.4', serverAddress: 'a.io', scheme: 'https' });
  });

  it('takes several fields of one name for one list', () => {
    expect(parseForwarded({ forwarded: ['for=unknown', 'for=1.2.3.4'] })).toEqual({
      clientAddress: '1.2.3.4',
    });
  });

  it.each([
    ['elements', 'for=_a,'.repeat(20_000)],
    ['an open quote', `for="${'a'.repeat(1 << 17)}`],
    ['an open quote with escapes', `for="${'\\a'.repeat(1 << 16)}`],
    ['a name', 'f'.repeat(1 << 17)],
    ['separators', ' ,;'.repeat(1 << 15)],
    ['an address', `for=${'1.'.repeat(1 << 16)}`],
    ['open brackets', `for=${'['.repeat(1 << 17)}`],
    ['unfinished quotes', 'for="'.repeat(30_000)],
  ])('takes time in proportion to the length of %s', (_, header) => {
    const started = performance.now();
    parseForwarded({
      forwarded: header,
      'x-forwarded-for': header,
      'x-forwarded-host': header,
      'x-forwarded-proto': header,
    });
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('any header', () => {
  const PIECES = [
    'for=1.2.3.4',
    'for="[::1]:80"',
    'host=a.io',
    'for=',
    'host=',
    'proto=',
    'by=',
    '"',
    '\\',
    ',',
    ';',
    '=',
    ' ',
    '[',
    ']',
    ':',
    '%',
    '80',
    '99999',
    '1.2.3.4',
    '::1',
    '::ffff:',
    'unknown',
    '_a',
    'https',
    'a.io',
    '<S3CR3T>',
    'é',
  ] as const;
  const anyHeader = (random: Random): string => random.text(PIECES, random.pick([2, 4, 12]));

  it('yields an address, a host, a port and a scheme, or nothing', () => {
    let clients = 0;
    forSeeds(10_000, (random, seed) => {
      const read = parseForwarded({
        forwarded: anyHeader(random),
        'x-forwarded-for': anyHeader(random),
        'x-forwarded-host': anyHeader(random),
        'x-forwarded-proto': anyHeader(random),
      });
      const { clientAddress, clientPort = 1, serverAddress, serverPort = 1, scheme = 'http' } = read ?? {};
      clients += clientAddress === undefined ? 0 : 1;
      expect(isIP(clientAddress ?? '::1'), `seed ${seed}`).toBeGreaterThan(0);
      expect(serverAddress ?? 'none', `seed ${seed}`).toMatch(/^(\w[\w.-]*|[\da-f:.]+)$/);
      expect(['http', 'https'], `seed ${seed}`).toContain(scheme);
      for (const port of [clientPort, serverPort]) {
        expect(Number.isInteger(port) && port > 0 && port < 65536, `seed ${seed}`).toBe(true);
      }
    });
    expect(clients, 'so many that the check means something').toBeGreaterThan(200);
  });

  it('reads what it was made from', () => {
    forSeeds(5000, (random, seed) => {
      const address = random.pick(['1.2.3.4', '2001:db8::1']);
      const port = 1 + random.below(65535);
      const node = address.includes(':') ? `"[${address}]:${port}"` : `"${address}:${port}"`;
      const pairs = [`For=${node}`, 'proto=https', 'host="a.io:8080"', 'by="_x;for=6.6.6.6,"'];
      pairs.sort(() => random.below(3) - 1);
      const forwarded = `for=unknown${random.pick([',', ' , '])}${pairs.join(random.pick([';', '; ', ' ;']))}`;
      expect(parseForwarded({ forwarded }), `seed ${seed}: ${forwarded}`).toEqual({
        clientAddress: address,
        clientPort: port,
        serverAddress: 'a.io',
        serverPort: 8080,
        scheme: 'https',
      });
    });
  });
});
