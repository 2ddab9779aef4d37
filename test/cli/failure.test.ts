import { describe, expect, it } from 'vitest';
import { CliError, EXIT } from '../../src/cli/exit-code.js';
import { explain } from '../../src/cli/failure.js';
import { RequestRecorder } from '../../src/cli/recorder.js';

type Hook = (recorder: RequestRecorder) => void;

const DNS: Hook = (recorder) => recorder.dnsStart({ host: 'a.example' });
const CONNECT: Hook = (recorder) => recorder.connectStart('tcp', '192.0.2.1:443');
const TLS: Hook = (recorder) => recorder.tlsHandshakeStart();
const WAIT: Hook = (recorder) => {
  recorder.wroteHeaders();
  recorder.wroteRequest({});
};
const NOTHING: Hook = () => undefined;

function explained(error: unknown, hook: Hook): [number, string] {
  const hop = { url: new URL('https://a.example/'), method: 'GET', headers: [], body: undefined };
  const recorder = new RequestRecorder(hop);
  hook(recorder);
  recorder.failed(error);
  const { exitCode, message } = explain(error, recorder);
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
      56,
      'the exchange with a.example:443 failed in wait (ECONNRESET): socket hang up',
    ],
    [
      WAIT,
      'HPE_INVALID_CONSTANT',
      'bad  \n idea',
      56,
      'the exchange with a.example:443 failed in wait (HPE_INVALID_CONSTANT): bad idea',
    ],
    [NOTHING, 'ERR_INVALID_CHAR', 'no', 1, 'the exchange with a.example:443 failed (ERR_INVALID_CHAR): no'],
  ])('%#: %s', (hook, code, message, exitCode, line) => {
    expect(explained(failure(code, message), hook)).toEqual([exitCode, line]);
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

  it('what is explained already stays as it is', () => {
    const error = new CliError(EXIT.bodyNotWritten, 'disk full');
    expect(explained(error, WAIT)).toEqual([23, 'disk full']);
  });
});
