import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { useRequestLedger } from '../support/clients/request-ledger.js';
import { askFetch, askRequest, UNDICI_APIS } from '../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS } from '../support/clients/undici-flavours.js';
import { closing, seenByServer, told, traced, tracedRequest } from '../support/clients/undici-traced.js';
import { useContextManager } from '../support/context-manager.js';
import { EventRecorder } from '../support/event-recorder.js';
import { type Answer, httpServer } from '../support/servers/truthful-server.js';

useContextManager();
useRequestLedger();

const DIALLED = [
  ...['getConn', 'connectStart', 'connectDone', 'gotConn'],
  ...['wroteHeaders', 'wroteRequest', 'gotFirstResponseByte', 'putIdleConn'],
];

const redirecting: Answer = (req, res) =>
  req.url?.startsWith('/from')
    ? res.writeHead(302, { location: req.url.replace('from', 'to') }).end()
    : res.end('ok');

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  const { Agent, Client, FormData, Pool } = flavour;
  // undici 7 keeps the handler behind an interceptor in a private field: nothing leads back to the caller.
  const interceptors = flavour.major === 7 ? undefined : flavour.installed?.interceptors;

  it.each(UNDICI_APIS)(
    'dials in the context in which $name was called with a body to iterate',
    async ({ ask }) => {
      const { origin } = await httpServer((req, res) => req.resume().on('end', () => res.end('ok')));
      const agent = closing(new Agent());
      const body = () => Readable.from(['some', 'thing']);
      const all = await Promise.all(
        ['/1', '/2'].map((path) =>
          traced(() => ask(flavour, agent, origin + path, { method: 'POST', body: body() })),
        ),
      );
      expect(all.map(({ recorder }) => recorder.hooks)).toEqual([DIALLED, DIALLED]);
      expect(all.map(({ recorder }) => told(recorder.gotConn))).toEqual(all.map(seenByServer));
    },
  );

  it('dials in the context of a request with a form', async () => {
    const { origin } = await httpServer((req, res) => req.resume().on('end', () => res.end('ok')));
    const agent = closing(new Agent());
    const form = new FormData();
    form.set('name', 'value');
    const recorder = new EventRecorder();
    await recorder.run(async () =>
      (await flavour.fetch(origin, { method: 'POST', body: form, dispatcher: agent })).text(),
    );
    expect(recorder.hooks).toEqual(DIALLED);
  });

  it('runs the hooks of each hop of a fetch in its own context, on a connection that others opened', async () => {
    const { origin } = await httpServer(redirecting);
    const agent = closing(new Agent({ connections: 1 }));
    await Promise.all([1, 2, 3].map((i) => askFetch(flavour, agent, `${origin}/${i}`)));
    const all = await Promise.all(
      [1, 2, 3].map((i) => traced(() => askFetch(flavour, agent, `${origin}/from/${i}`))),
    );
    expect(all.map(({ recorder }) => recorder.count('getConn'))).toEqual([2, 2, 2]);
  });

  it('runs the hooks of requests that a full Pool kept waiting in their own contexts', async () => {
    const { origin } = await httpServer();
    const pool = closing(new Pool(origin, { connections: 1 }));
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, i) => tracedRequest(pool, `${origin}/${i}`)),
    );
    expect(all.map(({ recorder }) => recorder.count('getConn'))).toEqual(Array(10).fill(1));
  });

  if (interceptors !== undefined) {
    it('runs the hooks of each hop that an interceptor follows in the context of its request', async () => {
      const { origin } = await httpServer(redirecting);
      const client = closing(new Client(origin));
      const following = client.compose(interceptors.redirect({ maxRedirections: 2 }));
      await askRequest(client, `${origin}/first`);
      const all = await Promise.all([1, 2, 3].map((i) => tracedRequest(following, `${origin}/from/${i}`)));
      expect(all.map(({ recorder }) => recorder.count('getConn'))).toEqual([2, 2, 2]);
    });

    it('runs the hooks of each try that an interceptor makes in the context of its request', async () => {
      const tries = new Map<string | undefined, number>();
      const { origin } = await httpServer((req, res) => {
        const number = (tries.get(req.url) ?? 0) + 1;
        tries.set(req.url, number);
        res.writeHead(number === 1 && req.url !== '/first' ? 503 : 200).end();
      });
      const client = closing(new Client(origin));
      const trying = client.compose(interceptors.retry({ maxRetries: 1, minTimeout: 1 }));
      await askRequest(client, `${origin}/first`);
      const all = await Promise.all([1, 2, 3].map((i) => tracedRequest(trying, `${origin}/${i}`)));
      expect(all.map(({ answered }) => answered?.status)).toEqual([200, 200, 200]);
      expect(all.map(({ recorder }) => recorder.count('getConn'))).toEqual([2, 2, 2]);
    });
  }
});
