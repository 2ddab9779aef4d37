import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Agent, request as undiciRequest } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
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

/** The error that undici, or the `fetch` built into Node, reports of the one request that the call makes. */
async function reported(call: () => Promise<unknown>): Promise<Failure> {
  let request: unknown;
  let gotResponse = false;
  let failed: (failure: Failure) => void;
  const failure = new Promise<Failure>((resolve) => {
    failed = resolve;
  });
  const listeners: [string, (message: unknown) => void][] = [
    ['undici:request:create', (message) => (request ??= requestOf(message))],
    ['undici:request:headers', (message) => (gotResponse ||= requestOf(message) === request)],
    [
      'undici:request:error',
      (message) => {
        if (requestOf(message) === request) {
          failed({ error: (message as { error: unknown }).error, gotResponse });
        }
      },
    ],
  ];
  for (const [channel, listener] of listeners) {
    subscribe(channel, listener);
  }
  onTestFinished(() => {
    for (const [channel, listener] of listeners) {
      unsubscribe(channel, listener);
    }
  });
  // What the program sees of the failure is not the subject here.
  await call().catch(() => undefined);
  return failure;
}

function requestOf(message: unknown): unknown {
  return (message as { request: unknown }).request;
}

/** Long enough for a request to be written by then, on a busy machine too: before, undici shows no timeout. */
const LIMIT = 400;

describe('fetch', () => {
  it('refused', async () => {
    const url = `http://127.0.0.1:${await refused()}`;
    expect(outcome(await reported(() => fetch(url)))).toEqual(['error', 'ECONNREFUSED']);
  });

  it('refused at each address of a name', async () => {
    const url = `http://localhost:${await refused()}`;
    expect(outcome(await reported(() => fetch(url)))).toEqual(['error', 'ECONNREFUSED']);
  });

  it('a name that does not exist', async () => {
    const failure = await reported(() => fetch('http://no-such-host.invalid'));
    expect(failureKind(failure)).toBe('error');
    expect(failureErrorType(failure)).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });

  it('reset', async () => {
    const url = `http://127.0.0.1:${await answering((socket) => socket.resetAndDestroy())}`;
    expect(outcome(await reported(() => fetch(url)))).toEqual(['error', 'ECONNRESET']);
  });

  it('closed before the response', async () => {
    const url = `http://127.0.0.1:${await answering((socket) => socket.end())}`;
    expect(outcome(await reported(() => fetch(url)))).toEqual(['error', 'UND_ERR_SOCKET']);
  });

  it('closed within the response', async () => {
    const url = `http://127.0.0.1:${await answering((socket) => socket.end(`${HEAD}half`))}`;
    const failure = await reported(async () => (await fetch(url)).text());
    expect(failure.gotResponse).toBe(true);
    expect(outcome(failure)).toEqual(['error', 'UND_ERR_SOCKET']);
  });

  it('an untrusted certificate', async () => {
    const url = `https://localhost:${await tlsServer('localhost')}`;
    const [kind, type] = outcome(await reported(() => fetch(url)));
    expect(kind).toBe('error');
    expect(type).toMatch(
      /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY|SELF_SIGNED_CERT_IN_CHAIN)$/,
    );
  });

  it('a response that is not HTTP', async () => {
    const url = `http://127.0.0.1:${await answering((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'))}`;
    const [kind, type] = outcome(await reported(() => fetch(url)));
    expect(kind).toBe('error');
    // Most releases of undici have no code for it.
    expect(type).toMatch(/^(HPE_INVALID_CONTENT_LENGTH|HTTPParserError)$/);
  });

  it('a body that cannot be decompressed', async () => {
    const gzip = 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\nnot gzip at all';
    const url = `http://127.0.0.1:${await answering((socket) => socket.write(gzip))}`;
    const failure = await reported(async () => (await fetch(url)).text());
    expect(failure.gotResponse).toBe(true);
    expect(outcome(failure)).toEqual(['error', 'Z_DATA_ERROR']);
  });

  it('aborted before it is sent', async () => {
    const url = `http://127.0.0.1:${await silent()}`;
    expect(outcome(await reported(() => fetch(url, { signal: aborted() })))).toEqual([
      'cancellation',
      undefined,
    ]);
  });

  it.each([
    ['none', undefined],
    ['an Error', new Error('mine')],
    ['a string', 'mine'],
    ['null', null],
  ])('aborted after it was sent, with a reason: %s', async (_, reason) => {
    const controller = new AbortController();
    const url = `http://127.0.0.1:${await answering(() => controller.abort(reason))}`;
    const failure = await reported(() => fetch(url, { signal: controller.signal }));
    expect(outcome({ ...failure, signalReason: controller.signal.reason })).toEqual([
      'cancellation',
      undefined,
    ]);
  });

  it('AbortSignal.timeout', async () => {
    const url = `http://127.0.0.1:${await silent()}`;
    expect(outcome(await reported(() => fetch(url, { signal: AbortSignal.timeout(LIMIT) })))).toEqual([
      'timeout',
      'TimeoutError',
    ]);
  });

  it('AbortSignal.timeout within the body', async () => {
    const url = `http://127.0.0.1:${await halfway()}`;
    const failure = await reported(async () =>
      (await fetch(url, { signal: AbortSignal.timeout(100) })).text(),
    );
    expect(failure.gotResponse).toBe(true);
    expect(outcome(failure)).toEqual(['timeout', 'TimeoutError']);
  });

  it.each([['none'], [new Error('enough')], ['enough'], [undefined]])(
    'a body cancelled with the reason %s',
    async (reason) => {
      const url = `http://127.0.0.1:${await halfway()}`;
      const failure = await reported(async () => (await fetch(url)).body?.cancel(reason));
      expect(failure.gotResponse).toBe(true);
      expect(outcome(failure)).toEqual(['cancellation', undefined]);
    },
  );
});

describe('undici', () => {
  it.each([
    ['expired', 'CERT_HAS_EXPIRED'],
    ['wrong-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('a certificate that is %s', async (name, type) => {
    const dispatcher = new Agent({ connect: { ca: certificate('ca.pem') } });
    const url = `https://localhost:${await tlsServer(name)}`;
    expect(outcome(await reported(() => undiciRequest(url, { dispatcher })))).toEqual(['error', type]);
  });

  it('less body than the response announced', async () => {
    const url = `http://127.0.0.1:${await answering((socket) => socket.end(`${HEAD}half`))}`;
    const failure = await reported(async () => (await undiciRequest(url)).body.text());
    expect(failure.gotResponse).toBe(true);
    expect(outcome(failure)).toEqual(['error', 'UND_ERR_SOCKET']);
  });

  it('headersTimeout', async () => {
    const url = `http://127.0.0.1:${await silent()}`;
    const dispatcher = new Agent({ headersTimeout: 20 });
    expect(outcome(await reported(() => undiciRequest(url, { dispatcher })))).toEqual([
      'error',
      'UND_ERR_HEADERS_TIMEOUT',
    ]);
  });

  it('bodyTimeout', async () => {
    const url = `http://127.0.0.1:${await halfway()}`;
    const dispatcher = new Agent({ bodyTimeout: 20 });
    const failure = await reported(async () => (await undiciRequest(url, { dispatcher })).body.text());
    expect(failure.gotResponse).toBe(true);
    expect(outcome(failure)).toEqual(['error', 'UND_ERR_BODY_TIMEOUT']);
  });

  it('connectTimeout', async () => {
    // It accepts the connection, but never takes part in the handshake.
    const url = `https://127.0.0.1:${await silent()}`;
    const dispatcher = new Agent({ connectTimeout: 20 });
    expect(outcome(await reported(() => undiciRequest(url, { dispatcher })))).toEqual([
      'error',
      'UND_ERR_CONNECT_TIMEOUT',
    ]);
  });

  it('AbortSignal.timeout', async () => {
    const url = `http://127.0.0.1:${await silent()}`;
    expect(outcome(await reported(() => undiciRequest(url, { signal: AbortSignal.timeout(LIMIT) })))).toEqual(
      ['timeout', 'TimeoutError'],
    );
  });

  it('aborted', async () => {
    const url = `http://127.0.0.1:${await silent()}`;
    expect(outcome(await reported(() => undiciRequest(url, { signal: aborted() })))).toEqual([
      'cancellation',
      undefined,
    ]);
  });

  it.each([
    ['destroyed', undefined],
    ['destroyed with an error', new Error('enough')],
  ])('a body %s', async (_, reason) => {
    const url = `http://127.0.0.1:${await halfway()}`;
    const failure = await reported(async () => {
      const { body } = await undiciRequest(url);
      body.on('error', () => undefined);
      body.destroy(reason);
    });
    expect(failure.gotResponse).toBe(true);
    expect(outcome(failure)).toEqual(['cancellation', undefined]);
  });

  it('less body than the request announced', async () => {
    const url = `http://127.0.0.1:${await silent()}`;
    const send = (): Promise<unknown> =>
      undiciRequest(url, { method: 'POST', body: 'abc', headers: { 'content-length': '5' } });
    expect(outcome(await reported(send))).toEqual(['error', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH']);
  });
});
