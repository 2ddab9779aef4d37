import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';
import { describe, expect, it } from 'vitest';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { askFetch, askRequest, type UndiciApi } from '../../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { closing, seenByServer, type Traced, told, traced } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { codeOf, EventRecorder } from '../../support/event-recorder.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import {
  answering,
  rawServer,
  refusedPort,
  resettingServer,
  silentServer,
} from '../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const APIS: readonly UndiciApi[] = [
  { name: 'fetch', ask: askFetch },
  { name: 'request', ask: (_flavour, dispatcher, url, asking) => askRequest(dispatcher, url, asking) },
];

const SENT = ['getConn', 'connectStart', 'connectDone', 'gotConn', 'wroteHeaders', 'wroteRequest'];

/** A resolver that knows these addresses of every host. */
function resolvingTo(...addresses: LookupAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses;
    setImmediate(() =>
      options.all ? callback(null, addresses) : callback(null, first?.address ?? '', first?.family),
    );
  };
}

const V4 = { address: '127.0.0.1', family: 4 };
const V6 = { address: '::1', family: 6 };

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  describe.each(APIS)('$name', ({ name, ask }) => {
    async function trace(url: string, connect: buildConnector.BuildOptions = {}): Promise<Traced> {
      const agent = closing(new flavour.Agent({ connect, headersTimeout: 5_000 }));
      const result = await traced(() => ask(flavour, agent, url));
      await ledger.settled();
      return result;
    }

    /** What undici failed with; `fetch` has it as the cause of its own error. */
    function failureOf({ error }: Traced): unknown {
      return name === 'fetch' && error instanceof Error ? error.cause : error;
    }

    it('tells of a dial that was refused', async () => {
      const port = await refusedPort();
      const result = await trace(`http://127.0.0.1:${port}/`);
      expect(result.recorder.hooks).toEqual(['getConn', 'connectStart', 'connectDone']);
      expect(result.recorder.only('connectDone')).toEqual(['tcp', `127.0.0.1:${port}`, failureOf(result)]);
      expect(codeOf(failureOf(result))).toBe('ECONNREFUSED');
    });

    it('tells of a name that nobody knows', async () => {
      const result = await trace('http://no-such-host.invalid/');
      expect(result.recorder.hooks).toEqual(['getConn', 'dnsStart', 'dnsDone']);
      expect(result.recorder.only('dnsStart')).toEqual([{ host: 'no-such-host.invalid' }]);
      expect(result.recorder.dnsDone).toEqual({ addrs: [], coalesced: false, err: failureOf(result) });
    });

    it('tells of each address that is tried in turn', async () => {
      const { port } = await httpServer();
      const result = await trace(`http://several.test:${port}/`, {
        lookup: resolvingTo(V6, V4),
        autoSelectFamily: true,
      });
      expect(result.recorder.hooks.slice(0, 7)).toEqual([
        ...['getConn', 'dnsStart', 'dnsDone'],
        ...['connectStart', 'connectDone', 'connectStart', 'connectDone'],
      ]);
      expect(result.recorder.dnsDone).toEqual({ addrs: [V6, V4], coalesced: false });
      expect(result.recorder.all('connectDone')).toEqual([
        ['tcp', `[::1]:${port}`, expect.any(Error)],
        ['tcp', `127.0.0.1:${port}`],
      ]);
      expect(told(result.recorder.gotConn)).toEqual(seenByServer(result));
    });

    it('tells of each address that was refused', async () => {
      const port = await refusedPort();
      const result = await trace(`http://several.test:${port}/`, {
        lookup: resolvingTo(V6, V4),
        autoSelectFamily: true,
      });
      expect(result.recorder.all('connectDone').map(([, addr, err]) => [addr, err instanceof Error])).toEqual(
        [
          [`[::1]:${port}`, true],
          [`127.0.0.1:${port}`, true],
        ],
      );
      expect(failureOf(result)).toBeInstanceOf(Error);
    });

    it.each([
      ['wrong-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['expired', 'CERT_HAS_EXPIRED'],
    ] as const)('tells of a handshake with a certificate that is %s', async (kind, code) => {
      const { origin } = await httpsServer(undefined, certificate(kind));
      const result = await trace(origin, { ca: CA });
      const [state, err] = result.recorder.only('tlsHandshakeDone');
      expect(result.recorder.hooks).toEqual([
        ...['getConn', 'connectStart', 'connectDone', 'tlsHandshakeStart', 'tlsHandshakeDone'],
      ]);
      expect(err).toBe(failureOf(result));
      expect(codeOf(err)).toBe(code);
      expect(state).toMatchObject({ version: 'TLSv1.3', peerCertificate: { subject: { CN: kind } } });
    });

    it('tells of a handshake with a certificate that nobody trusts', async () => {
      const { origin } = await httpsServer();
      const result = await trace(origin);
      const [state, err] = result.recorder.only('tlsHandshakeDone');
      expect(codeOf(err)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
      expect(err).toBe(failureOf(result));
      expect(state).toMatchObject({ authorized: false });
    });

    it('tells of a handshake with somebody who speaks no TLS', async () => {
      const { port } = await rawServer((socket) => socket.once('data', () => socket.end('What?')));
      const result = await trace(`https://127.0.0.1:${port}/`);
      const [state, err] = result.recorder.only('tlsHandshakeDone');
      expect(err).toBe(failureOf(result));
      expect(state).toMatchObject({ version: '', cipherSuite: '', serverName: '', authorized: false });
    });

    it('tells of a handshake that takes too long', async () => {
      const { port } = await silentServer();
      const result = await trace(`https://127.0.0.1:${port}/`, { timeout: 50 });
      expect(result.recorder.hooks.slice(2)).toEqual([
        'connectDone',
        'tlsHandshakeStart',
        'tlsHandshakeDone',
      ]);
      expect(result.recorder.only('tlsHandshakeDone')[1]).toBe(failureOf(result));
      expect(codeOf(failureOf(result))).toBe('UND_ERR_CONNECT_TIMEOUT');
    });

    it('tells of a lookup that takes too long', async () => {
      const result = await trace('http://slow.test/', { lookup: () => undefined, timeout: 50 });
      expect(result.recorder.hooks).toEqual(['getConn', 'dnsStart', 'dnsDone']);
      expect(result.recorder.dnsDone.err).toBe(failureOf(result));
      expect(codeOf(failureOf(result))).toBe('UND_ERR_CONNECT_TIMEOUT');
    });

    it('stops where the connection was reset', async () => {
      const { origin } = await resettingServer();
      const result = await trace(origin);
      expect(result.recorder.hooks).toEqual(SENT);
      expect(ledger.of('/').facts.at(-1)).toEqual({ name: 'failed', args: [failureOf(result)] });
    });

    it('stops where the body was cut', async () => {
      const head = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf';
      const { origin } = await rawServer((socket) => socket.once('data', () => socket.end(head)));
      const result = await trace(origin);
      expect(result.error).toBeInstanceOf(Error);
      expect(result.recorder.hooks).toEqual([...SENT, 'gotFirstResponseByte']);
      expect(ledger.of('/').facts.at(-1)?.name).toBe('failed');
    });

    it('stops at a response that is none', async () => {
      const { origin } = await rawServer(answering('Nothing to see here\r\n\r\n'));
      const result = await trace(origin);
      expect(result.error).toBeInstanceOf(Error);
      expect(result.recorder.hooks).toEqual([...SENT, 'gotFirstResponseByte']);
      expect(ledger.of('/').facts.at(-1)).toEqual({ name: 'failed', args: [failureOf(result)] });
    });
  });

  it('fails every request that waits for a dial with its error, and runs its hooks for the first alone', async () => {
    const port = await refusedPort();
    const client = closing(new flavour.Client(`http://127.0.0.1:${port}`));
    const all = await Promise.all(
      [1, 2, 3].map((i) =>
        traced(() => askRequest(client, `http://127.0.0.1:${port}/${i}`), new EventRecorder()),
      ),
    );
    expect(all.map(({ recorder }) => recorder.hooks)).toEqual([
      ['getConn', 'connectStart', 'connectDone'],
      ['getConn'],
      ['getConn'],
    ]);
    expect(new Set(all.map(({ error }) => error)).size).toBe(1);
  });
});
