import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../../src/cli/command/options.js';
import { CliError } from '../../../src/cli/exit-code.js';
import { requestOptions } from './parsed.js';

const CONNECTION = { insecure: false, http: 'negotiated', resolve: [], connectTo: [] };
const DEFAULTS = {
  headers: [],
  data: [],
  compressed: false,
  location: false,
  maxRedirects: 20,
  head: false,
  repeat: 1,
  connection: CONNECTION,
  include: false,
  fail: false,
  silent: false,
  json: false,
  otlp: false,
};

function connection(more: object) {
  return { connection: { ...CONNECTION, ...more } };
}

function refusal(...args: string[]): [number, string] {
  try {
    parseCommand(args);
  } catch (error) {
    if (error instanceof CliError) {
      return [error.exitCode, error.message];
    }
    throw error;
  }
  throw new Error('was accepted');
}

describe('the command line', () => {
  it('asks for one URL, with curl’s defaults', () => {
    expect(requestOptions('https://a.example/b?c#d')).toEqual({
      ...DEFAULTS,
      url: new URL('https://a.example/b?c#d'),
      urlText: 'https://a.example/b?c#d',
    });
  });

  it.each([
    [['-X', 'PUT'], { method: 'PUT' }],
    [['-XPUT'], { method: 'PUT' }],
    [['--request=PUT'], { method: 'PUT' }],
    [['-H', 'A: 1', '--header', 'B:2'], { headers: ['A: 1', 'B:2'] }],
    [
      ['-d', 'a=1', '--data-binary', '@b', '--data-raw', '@c', '-d', '@-'],
      {
        data: [
          { kind: 'form', value: 'a=1' },
          { kind: 'binary', value: '@b' },
          { kind: 'raw', value: '@c' },
          { kind: 'form', value: '@-' },
        ],
      },
    ],
    [['-kL'], { ...connection({ insecure: true }), location: true }],
    [['-H', 'A;'], { headers: ['A;'] }],
    [['-I'], { head: true, include: true }],
    [['-i'], { include: true }],
    [['-A', '', '-u', 'me:secret:2'], { userAgent: '', user: 'me:secret:2' }],
    [['-o', '-'], { output: '-' }],
    [['-w', '%{http_code}'], { writeOut: '%{http_code}' }],
    [['-s'], { silent: true }],
    [['-sS'], { silent: false }],
    [['-f', '--compressed'], { fail: true, compressed: true }],
    [['-m', '1.5'], { maxTimeMs: 1_500 }],
    [['--max-time', '1.5'], { maxTimeMs: 1_500 }],
    [['--max-redirs', '0'], { maxRedirects: 0 }],
    [['--repeat', '3'], { repeat: 3 }],
    [['--http2'], connection({ http: '2' })],
    [['--http2-prior-knowledge'], connection({ http: '2' })],
    [['--http1.1'], connection({ http: '1.1' })],
    [['-4'], connection({ family: 4 })],
    [['-6'], connection({ family: 6 })],
    [['--cacert', 'ca.pem'], connection({ caFile: 'ca.pem' })],
    [['--connect-timeout', '2'], connection({ timeoutMs: 2_000 })],
    [['--unix-socket', '/run/x'], connection({ unixSocket: '/run/x' })],
    [
      ['--resolve', '[::1]:80:[::2],127.0.0.1', '--resolve', '*:443:1.2.3.4'],
      connection({
        resolve: [
          {
            host: '::1',
            port: 80,
            addresses: [
              { address: '::2', family: 6 },
              { address: '127.0.0.1', family: 4 },
            ],
          },
          { host: '*', port: 443, addresses: [{ address: '1.2.3.4', family: 4 }] },
        ],
      }),
    ],
    [
      ['--connect-to', 'A.example:443:[::1]:8443', '--connect-to', '::b:'],
      connection({
        connectTo: [
          { from: { host: 'a.example', port: '443' }, to: { host: '::1', port: '8443' } },
          { from: { host: '', port: '' }, to: { host: 'b', port: '' } },
        ],
      }),
    ],
    [['-x', 'proxy'], connection({ proxy: new URL('http://proxy:1080') })],
    [['-x', 'http://proxy:80'], connection({ proxy: new URL('http://proxy') })],
    [['-x', 'https://proxy'], connection({ proxy: new URL('https://proxy:443') })],
    [['-x', ''], connection({ proxy: null })],
    [['-U', 'a:b', '--noproxy', '*'], connection({ proxyUser: 'a:b', noProxy: '*' })],
    [['--json', '--otlp'], { json: true, otlp: true }],
  ])('takes %j', (args, expected) => {
    expect(requestOptions(...args, 'http://a/')).toEqual({
      ...DEFAULTS,
      url: new URL('http://a/'),
      urlText: 'http://a/',
      ...expected,
    });
  });

  it.each([
    ['a.example', 'http://a.example/'],
    ['localhost:8080/x', 'http://localhost:8080/x'],
    ['[::1]:80', 'http://[::1]/'],
    ['HTTPS://A.example', 'https://a.example/'],
  ])('takes %s for %s', (text, url) => {
    expect(requestOptions(text).url.href).toBe(url);
  });

  it('may ask for help or the version, whatever else it says', () => {
    expect(parseCommand(['--help'])).toEqual({ run: 'help' });
    expect(parseCommand(['-V', 'http://a', 'http://b'])).toEqual({ run: 'version' });
  });

  it.each([
    [[], 2, 'a URL is missing; see httptrace --help'],
    [['http://a', 'http://b'], 2, 'one URL, please, not 2; see httptrace --help'],
    [['--frob', 'http://a'], 2, "unknown option '--frob'; see httptrace --help"],
    [
      ['--max-time', 'soon', 'http://a'],
      2,
      '--max-time takes a number of seconds above 0, not soon; see httptrace --help',
    ],
    [
      ['--max-time', '0', 'http://a'],
      2,
      '--max-time takes a number of seconds above 0, not 0; see httptrace --help',
    ],
    [
      ['--max-time', '1e9', 'http://a'],
      2,
      '--max-time takes a number of seconds above 0, not 1e9; see httptrace --help',
    ],
    [
      ['--repeat', '1.5', 'http://a'],
      2,
      '--repeat takes a whole number from 1 on, not 1.5; see httptrace --help',
    ],
    [
      ['--repeat', '0', 'http://a'],
      2,
      '--repeat takes a whole number from 1 on, not 0; see httptrace --help',
    ],
    [
      ['--max-redirs', '-1', 'http://a'],
      2,
      expect.stringMatching(/^option '--max-redirs' argument is ambiguous/),
    ],
    [['-u', 'me', 'http://a'], 2, 'a password is missing: me:PASSWORD; see httptrace --help'],
    [
      ['--json', '-w', 'x', 'http://a'],
      2,
      '--json and -w both take the place of the drawing: choose one; see httptrace --help',
    ],
    [['-x', 'socks5://a', 'http://a'], 2, 'not an http: or https: proxy: socks5://a; see httptrace --help'],
    [
      ['--resolve', 'a:80:b', 'http://a'],
      2,
      '--resolve takes HOST:PORT:ADDRESS, not a:80:b; see httptrace --help',
    ],
    [
      ['--connect-to', 'a:b', 'http://a'],
      2,
      '--connect-to takes HOST1:PORT1:HOST2:PORT2, not a:b; see httptrace --help',
    ],
    [
      ['--http1.1', '--http2', 'http://a'],
      2,
      '--http1.1 and --http2 exclude each other; see httptrace --help',
    ],
    [
      ['--servers', 'http://a'],
      2,
      '--servers goes with a program: httptrace --servers -- node app.js; see httptrace --help',
    ],
    [['--'], 2, 'a program is missing after --; see httptrace --help'],
    [['http://a', '--', 'node'], 2, 'http://a does not go with a program; see httptrace --help'],
    [['-k', '--', 'node'], 2, '--insecure does not go with a program; see httptrace --help'],
    [['-4', '-6', 'http://a'], 2, '-4 and -6 exclude each other; see httptrace --help'],
    [
      ['-I', '-d', 'x', 'http://a'],
      2,
      '-I asks for a head and -d sends a body: choose one; see httptrace --help',
    ],
    [['-H', 'no colon', 'http://a'], 2, 'not a header line: no colon; see httptrace --help'],
    [['-H', 'A: b\r\nC: d', 'http://a'], 2, 'not a header line: A: b\r\nC: d; see httptrace --help'],
    [['-X', 'GET /', 'http://a'], 2, 'not a method: GET /; see httptrace --help'],
    [['http://['], 3, 'not a URL: http://[; give it as https://host/path'],
    [['not a url'], 3, 'not a URL: not a url; give it as https://host/path'],
    [['ftp://a/'], 1, 'cannot request ftp: URLs; give one with http: or https:'],
  ])('refuses %j', (args, exitCode, message) => {
    expect(refusal(...args)).toEqual([exitCode, message]);
  });

  it('takes all that stands behind -- for a program', () => {
    expect(parseCommand(['--json', '--', 'node', 'app.js', '--json', '--', '-k'])).toEqual({
      run: 'program',
      options: {
        command: 'node',
        args: ['app.js', '--json', '--', '-k'],
        json: true,
        servers: false,
      },
    });
  });

  it('names the option that lacks its value', () => {
    expect(refusal('http://a', '-o')).toEqual([
      2,
      expect.stringMatching(/^option '-o, --output <value>' argument missing;/),
    ]);
  });
});
