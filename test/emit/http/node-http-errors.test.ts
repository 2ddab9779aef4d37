import http from 'node:http';
import https from 'node:https';
import { describe, expect, it } from 'vitest';
import { type Failure, failureErrorType, failureKind } from '../../../src/emit/http/error.js';
import {
  aborted,
  answering,
  certificate,
  HEAD,
  halfway,
  outcome,
  refused,
  silent,
  tlsServer,
} from './loopback.js';

/** The error that a request of `node:http` emits, or its response. */
function emitted(
  request: http.ClientRequest,
  onResponse: (response: http.IncomingMessage) => void = () => undefined,
): Promise<Failure> {
  let gotResponse = false;
  return new Promise((resolve) => {
    request.once('error', (error) => resolve({ error, gotResponse }));
    request.once('response', (response: http.IncomingMessage) => {
      gotResponse = true;
      response.once('error', (error) => resolve({ error, gotResponse }));
      response.resume();
      onResponse(response);
    });
  });
}

describe('node:http', () => {
  it('refused', async () => {
    const port = await refused();
    expect(outcome(await emitted(http.get({ host: '127.0.0.1', port })))).toEqual(['error', 'ECONNREFUSED']);
  });

  it('refused at each address of a name', async () => {
    const port = await refused();
    expect(outcome(await emitted(http.get({ host: 'localhost', port })))).toEqual(['error', 'ECONNREFUSED']);
  });

  it('a name that does not exist', async () => {
    const failure = await emitted(http.get('http://no-such-host.invalid'));
    expect(failureKind(failure)).toBe('error');
    expect(failureErrorType(failure)).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });

  it('reset', async () => {
    const port = await answering((socket) => socket.resetAndDestroy());
    expect(outcome(await emitted(http.get({ port })))).toEqual(['error', 'ECONNRESET']);
  });

  it('closed within the response', async () => {
    const port = await answering((socket) => socket.end(`${HEAD}half`));
    const failure = await emitted(http.get({ port }));
    expect(failure.gotResponse).toBe(true);
    expect(outcome(failure)).toEqual(['error', 'ECONNRESET']);
  });

  it.each([
    ['expired', 'CERT_HAS_EXPIRED'],
    ['wrong-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('a certificate that is %s', async (name, type) => {
    const port = await tlsServer(name);
    const request = https.get({ host: 'localhost', port, ca: certificate('ca.pem') });
    expect(outcome(await emitted(request))).toEqual(['error', type]);
  });

  it('a response that is not HTTP', async () => {
    const port = await answering((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'));
    expect(outcome(await emitted(http.get({ port })))).toEqual(['error', 'HPE_INVALID_CONTENT_LENGTH']);
  });

  it.each([
    ['no reason', undefined],
    ['an Error', new Error('mine')],
    ['a string', 'mine'],
  ])('aborted with %s', async (_, reason) => {
    const request = http.get({ port: await silent(), signal: aborted(reason) });
    expect(outcome(await emitted(request))).toEqual(['cancellation', undefined]);
  });

  it('AbortSignal.timeout', async () => {
    const request = http.get({ port: await silent(), signal: AbortSignal.timeout(20) });
    expect(outcome(await emitted(request))).toEqual(['timeout', 'TimeoutError']);
  });

  it('its own timeout, on which the program destroys the request', async () => {
    const request = http.get({ port: await silent(), timeout: 20 });
    request.once('timeout', () => request.destroy());
    const failure = await emitted(request);
    expect(outcome({ ...failure, timedOut: true, destroyedByCaller: true })).toEqual([
      'timeout',
      'TimeoutError',
    ]);
  });

  it('destroyed without an error', async () => {
    const request = http.get({ port: await silent() });
    setImmediate(() => request.destroy());
    const failure = await emitted(request);
    expect(outcome({ ...failure, destroyedByCaller: true })).toEqual(['cancellation', undefined]);
    expect(failureErrorType(failure), 'when that cannot be seen').toBe('ECONNRESET');
  });

  it('destroyed with an error', async () => {
    const request = http.get({ port: await silent() });
    setImmediate(() => request.destroy(new RangeError('mine')));
    expect(outcome(await emitted(request))).toEqual(['error', 'RangeError']);
  });

  it('a response destroyed with an error', async () => {
    const request = http.get({ port: await halfway() });
    const failure = await emitted(request, (response) => response.destroy(new Error('enough')));
    expect(failure.gotResponse).toBe(true);
    expect(outcome(failure)).toEqual(['cancellation', undefined]);
  });

  it('AbortSignal.timeout within the body', async () => {
    const request = http.get({ port: await halfway(), signal: AbortSignal.timeout(100) });
    const failure = await emitted(request);
    expect(failure.gotResponse).toBe(true);
    expect(outcome(failure)).toEqual(['timeout', 'TimeoutError']);
  });
});
