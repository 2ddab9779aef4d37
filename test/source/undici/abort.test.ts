import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ClientTraceHook } from '../../../src/httptrace/client-trace.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { askFetch, askRequest, type UndiciApi } from '../../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { closing, traced } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { type Answer, httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const APIS: readonly UndiciApi[] = [
  { name: 'fetch', ask: askFetch },
  { name: 'request', ask: (_flavour, dispatcher, url, asking) => askRequest(dispatcher, url, asking) },
];

/** One address, a turn later, as a resolver answers. */
const lookup: LookupFunction = (_host, options, callback) => {
  const found = { address: '127.0.0.1', family: 4 };
  setImmediate(() => (options.all ? callback(null, [found]) : callback(null, found.address, found.family)));
};

const LOOKUP: ClientTraceHook[] = ['dnsStart', 'dnsDone'];
const DIAL: ClientTraceHook[] = ['connectStart', 'connectDone'];
const HANDSHAKE: ClientTraceHook[] = ['tlsHandshakeStart', 'tlsHandshakeDone'];

/** Wherever the caller gives up, undici goes on with the dial, and drops what it gets. */
const DURING_DIAL: readonly ClientTraceHook[] = [...LOOKUP, ...DIAL, ...HANDSHAKE];

const SENT = ['getConn', ...DIAL, 'gotConn', 'wroteHeaders', 'wroteRequest'];

const half: Answer = (_req, res) => res.writeHead(200, { 'content-length': 4 }).write('ha');

/** A body that goes on until its sender is given up. */
function endless(caller: AbortController): Readable {
  let parts = 0;
  return new Readable({
    read() {
      setImmediate(() => this.push('part'));
      parts++;
      if (parts === 3) {
        caller.abort();
      }
    },
  });
}

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  describe.each(APIS)('$name', ({ ask }) => {
    it.each(DURING_DIAL)('given up in %s has the hooks of its dial, and one end', async (stage) => {
      const { port } = await httpsServer();
      const agent = closing(new flavour.Agent({ connect: { ca: CA, lookup } }));
      const caller = new AbortController();
      const recorder = new EventRecorder().on(stage, () => caller.abort());
      const { error } = await traced(
        () => ask(flavour, agent, `https://localhost:${port}/`, { signal: caller.signal }),
        recorder,
      );
      await ledger.settled();
      expect(error).toMatchObject({ name: 'AbortError' });
      expect(recorder.hooks).toEqual(['getConn', ...DURING_DIAL]);
    });

    it('given up before it was made dials for nothing at most', async () => {
      const { origin } = await httpServer();
      const agent = closing(new flavour.Agent());
      const { error, recorder } = await traced(() =>
        ask(flavour, agent, origin, { signal: AbortSignal.abort() }),
      );
      await ledger.settled();
      expect(error).toMatchObject({ name: 'AbortError' });
      expect(recorder.count('gotConn')).toBe(0);
    });

    it('given up in gotConn has no headers written', async () => {
      const { origin } = await httpServer();
      const agent = closing(new flavour.Agent());
      const caller = new AbortController();
      const recorder = new EventRecorder().on('gotConn', () => caller.abort());
      const { error } = await traced(() => ask(flavour, agent, origin, { signal: caller.signal }), recorder);
      await ledger.settled();
      expect(error).toMatchObject({ name: 'AbortError' });
      expect(recorder.hooks).toEqual(['getConn', ...DIAL, 'gotConn', 'wroteRequest']);
      expect(recorder.count('wroteHeaderField')).toBe(0);
    });

    it('given up while the server is silent stops there', async () => {
      const { origin } = await httpServer(() => undefined);
      const agent = closing(new flavour.Agent());
      const caller = new AbortController();
      const recorder = new EventRecorder().on('wroteRequest', () => caller.abort());
      const { error } = await traced(() => ask(flavour, agent, origin, { signal: caller.signal }), recorder);
      await ledger.settled();
      expect(error).toMatchObject({ name: 'AbortError' });
      expect(recorder.hooks).toEqual(SENT);
    });

    it('given up in the body fails once, and its connection goes nowhere', async () => {
      const { origin } = await httpServer(half);
      const agent = closing(new flavour.Agent());
      const caller = new AbortController();
      const recorder = new EventRecorder().on('gotFirstResponseByte', () =>
        setImmediate(() => caller.abort()),
      );
      const { error } = await traced(() => ask(flavour, agent, origin, { signal: caller.signal }), recorder);
      await ledger.settled();
      expect(error).toMatchObject({ name: 'AbortError' });
      expect(recorder.hooks).toEqual([...SENT, 'gotFirstResponseByte']);
      expect(ledger.of('/').facts.at(-1)?.name).toBe('failed');
    });

    it('given up while its body is written tells that writing failed', async () => {
      const { origin } = await httpServer((req) => req.resume());
      const agent = closing(new flavour.Agent());
      const caller = new AbortController();
      const recorder = new EventRecorder();
      await traced(
        () => ask(flavour, agent, origin, { method: 'POST', body: endless(caller), signal: caller.signal }),
        recorder,
      );
      await ledger.settled();
      expect(recorder.hooks).toEqual(SENT);
      expect(recorder.only('wroteRequest')).toEqual([
        { err: expect.objectContaining({ name: 'AbortError' }) },
      ]);
    });
  });

  it('a body that is cancelled fails once, and its connection goes nowhere', async () => {
    const { origin } = await httpServer(half);
    const agent = closing(new flavour.Agent());
    const recorder = new EventRecorder();
    await recorder.run(async () => (await flavour.fetch(origin, { dispatcher: agent })).body?.cancel());
    await ledger.settled();
    expect(recorder.hooks).toEqual([...SENT, 'gotFirstResponseByte']);
    expect(ledger.of('/').facts.at(-1)?.name).toBe('failed');
  });
});
