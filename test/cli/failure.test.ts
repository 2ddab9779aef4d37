import { describe, expect, it } from 'vitest';
import { CliError, EXIT } from '../../src/cli/exit-code.js';
import { explain } from '../../src/cli/failure.js';

const DNS = 'dns';
const CONNECT = 'connect';
const TLS = 'tls';
const WAIT = 'wait';
const NOTHING = undefined;
const URL_OF = new URL('https://a.example/');

function explained(error: unknown, phase: string | undefined, more: object = {}): [number, string] {
  const request = { url: URL_OF, phase, answered: false, proxy: undefined, unixSocket: undefined, ...more };
  const { exitCode, message } = explain(error, request);
  return [exitCode, message];
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

describe('a failure is explained in one line', () => {
  it.each([
    [DNS, 'ENOTFOUND', 'getaddrinfo', 6, 'cannot resolve a.example (ENOTFOUND); check its spelling'],
    [
      DNS,
      'EAI_AGAIN',
      'getaddrinfo',
      6,
      'cannot resolve a.example (EAI_AGAIN); the resolver did not answer, try again',
    ],
    [
      CONNECT,
      'ECONNREFUSED',
      '',
      7,
      'cannot connect to a.example:443 (ECONNREFUSED); nothing listens on that port',
    ],
    [
      CONNECT,
      'ETIMEDOUT',
      '',
      7,
      'cannot connect to a.example:443 (ETIMEDOUT); it does not answer, perhaps a firewall',
    ],
    [
      CONNECT,
      'ENETUNREACH',
      '',
      7,
      'cannot connect to a.example:443 (ENETUNREACH); check the address and the network',
    ],
    [
      TLS,
      'CERT_HAS_EXPIRED',
      'certificate has expired',
      60,
      'the certificate of a.example:443 is not accepted (CERT_HAS_EXPIRED): certificate has expired; -k accepts it',
    ],
    [
      TLS,
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'self-signed certificate',
      60,
      'the certificate of a.example:443 is not accepted (DEPTH_ZERO_SELF_SIGNED_CERT): self-signed certificate; -k accepts it',
    ],
    [
      TLS,
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'wrong version\nnumber:\n',
      35,
      'TLS with a.example:443 failed (ERR_SSL_WRONG_VERSION_NUMBER): wrong version number:; is it an http:// URL?',
    ],
    [
      TLS,
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'alert',
      35,
      'TLS with a.example:443 failed (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED): alert',
    ],
    [TLS, 'ECONNRESET', 'socket hang up', 35, 'TLS with a.example:443 failed (ECONNRESET): socket hang up'],
    [
      WAIT,
      'ECONNRESET',
      'socket hang up',
      52,
      'the exchange with a.example:443 failed in wait (ECONNRESET): socket hang up',
    ],
    [
      WAIT,
      'HPE_INVALID_HEADER_TOKEN',
      'bad  \n idea',
      8,
      'the exchange with a.example:443 failed in wait (HPE_INVALID_HEADER_TOKEN): bad idea',
    ],
    [
      WAIT,
      'HPE_INVALID_CONSTANT',
      'Expected HTTP/',
      1,
      'the exchange with a.example:443 failed in wait (HPE_INVALID_CONSTANT): Expected HTTP/',
    ],
    [
      'send',
      'EPIPE',
      'write EPIPE',
      55,
      'the exchange with a.example:443 failed in send (EPIPE): write EPIPE',
    ],
    [
      WAIT,
      'ERR_HTTP2_STREAM_ERROR',
      'Stream closed',
      92,
      'the exchange with a.example:443 failed in wait (ERR_HTTP2_STREAM_ERROR): Stream closed',
    ],
    [
      WAIT,
      'ERR_HTTP2_SESSION_ERROR',
      'Session closed',
      16,
      'the exchange with a.example:443 failed in wait (ERR_HTTP2_SESSION_ERROR): Session closed',
    ],
    [NOTHING, 'ERR_INVALID_CHAR', 'no', 1, 'the exchange with a.example:443 failed (ERR_INVALID_CHAR): no'],
  ])('%#: %s', (phase, code, message, exitCode, line) => {
    expect(explained(failure(code, message), phase)).toEqual([exitCode, line]);
  });

  it('a timeout tells the phase that took too long', () => {
    const timeout = Object.assign(new Error('no complete answer from a.example within 2 s'), {
      name: 'TimeoutError',
    });
    expect(explained(timeout, WAIT)).toEqual([
      28,
      'no complete answer from a.example within 2 s, in wait; raise --max-time',
    ]);
  });

  it('a timeout of the connection names its own option', () => {
    const timeout = Object.assign(new Error('no connection to a.example within 2 s'), {
      name: 'TimeoutError',
    });
    expect(explained(timeout, TLS)).toEqual([
      28,
      'no connection to a.example within 2 s, in tls; raise --connect-timeout',
    ]);
  });

  it('tells a body that ends too early from a connection that is reset', () => {
    const answered = { answered: true };
    expect(explained(failure('ECONNRESET', 'aborted'), 'receive', answered)[0]).toBe(18);
    expect(explained(failure('ECONNRESET', 'read ECONNRESET'), 'receive', answered)[0]).toBe(56);
  });

  it('names the proxy or the unix socket that was dialled', () => {
    const proxy = new URL('http://proxy.example:3128/');
    expect(explained(failure('ENOTFOUND', ''), DNS, { proxy })).toEqual([
      5,
      'cannot resolve the proxy proxy.example (ENOTFOUND); check its spelling',
    ]);
    expect(explained(failure('ECONNREFUSED', ''), CONNECT, { proxy })[1]).toContain('proxy.example:3128');
    expect(explained(failure('ENOENT', ''), CONNECT, { unixSocket: '/no/socket' })).toEqual([
      7,
      'cannot connect to /no/socket (ENOENT); check the address and the network',
    ]);
  });

  it('what is explained already stays as it is', () => {
    const error = new CliError(EXIT.notWritten, 'disk full');
    expect(explained(error, WAIT)).toEqual([23, 'disk full']);
  });
});
