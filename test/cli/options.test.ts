import { describe, expect, it } from 'vitest';
import { CliError } from '../../src/cli/exit-code.js';
import { parseCommand } from '../../src/cli/options.js';
import { requestOptions } from './command.js';

const DEFAULTS = {
  headers: [],
  data: [],
  insecure: false,
  location: false,
  head: false,
  repeat: 1,
  http2: false,
  json: false,
  otlp: false,
};

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
    });
  });

  it.each([
    [['-X', 'PUT'], { method: 'PUT' }],
    [['-XPUT'], { method: 'PUT' }],
    [['--request=PUT'], { method: 'PUT' }],
    [['-H', 'A: 1', '--header', 'B:2'], { headers: ['A: 1', 'B:2'] }],
    [['-d', 'a=1', '-d', '@-'], { data: ['a=1', '@-'] }],
    [['-kL'], { insecure: true, location: true }],
    [['-I'], { head: true }],
    [['-o', '-'], { output: '-' }],
    [['--max-time', '1.5'], { maxTimeMs: 1_500 }],
    [['--repeat', '3'], { repeat: 3 }],
    [['--http2'], { http2: true }],
    [['-4'], { family: 4 }],
    [['-6'], { family: 6 }],
    [['--json', '--otlp'], { json: true, otlp: true }],
  ])('takes %j', (args, expected) => {
    expect(requestOptions(...args, 'http://a/')).toEqual({
      ...DEFAULTS,
      url: new URL('http://a/'),
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
    [['ftp://a/'], 3, 'cannot request ftp: URLs; give one with http: or https:'],
  ])('refuses %j', (args, exitCode, message) => {
    expect(refusal(...args)).toEqual([exitCode, message]);
  });

  it('names the option that lacks its value', () => {
    expect(refusal('http://a', '-o')).toEqual([
      2,
      expect.stringMatching(/^option '-o, --output <value>' argument missing;/),
    ]);
  });
});
