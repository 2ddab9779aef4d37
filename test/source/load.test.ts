import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { useRequestLedger } from '../support/clients/request-ledger.js';
import { askFetch, askRequest } from '../support/clients/undici-apis.js';
import { isAtLeast, UNDICI_FLAVOURS, type UndiciFlavour } from '../support/clients/undici-flavours.js';
import { closing, seenByServer, told, traced } from '../support/clients/undici-traced.js';
import { useContextManager } from '../support/context-manager.js';
import { CA } from '../support/servers/certificates.js';
import { httpServer, httpsServer } from '../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const connect = { ca: CA };

const DISPATCHERS: [name: string, make: (flavour: UndiciFlavour, origin: string) => Dispatcher][] = [
  ['an Agent', ({ Agent }) => new Agent({ connect })],
  ['an Agent of two connections', ({ Agent }) => new Agent({ connect, connections: 2 })],
  ['a Pool of two', ({ Pool }, origin) => new Pool(origin, { connect, connections: 2 })],
  [
    'a Pool of two that pipelines',
    ({ Pool }, origin) => new Pool(origin, { connect, connections: 2, pipelining: 4 }),
  ],
  ['a Client', ({ Client }, origin) => new Client(origin, { connect })],
  ['a Client that pipelines', ({ Client }, origin) => new Client(origin, { connect, pipelining: 5 })],
];

const CASES = DISPATCHERS.flatMap(([dispatcher, make]) =>
  (['http', 'https'] as const).flatMap((scheme) =>
    (['fetch', 'request'] as const).map((api) => ({
      dispatcher,
      make,
      scheme,
      serverOf: scheme === 'http' ? httpServer : httpsServer,
      api,
    })),
  ),
);

/** Before undici 8.12 a full Pool makes a fetch in the context of another request: nothing leads back to its own. */
function keepsContext({ api, dispatcher }: (typeof CASES)[number], { version }: UndiciFlavour): boolean {
  return api === 'request' || isAtLeast(version, 8, 12) || !dispatcher.includes('two');
}

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  it.each(CASES)('50 at once by $api over $scheme with $dispatcher', async (given) => {
    const server = await given.serverOf();
    const dispatcher = closing(given.make(flavour, server.origin));
    const ask = (url: string) =>
      given.api === 'fetch'
        ? askFetch(flavour, dispatcher, url)
        : askRequest(dispatcher, url, { blocking: false });
    const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);

    const all = await Promise.all(paths.map((path) => traced(() => ask(`${server.origin}${path}`))));

    expect(paths.map((path) => told(ledger.gotConn(path)))).toEqual(all.map(seenByServer));
    expect(ledger.count('connectDone')).toBe(server.connections.length);
    if (keepsContext(given, flavour)) {
      expect(all.map(({ recorder }) => told(recorder.gotConn))).toEqual(all.map(seenByServer));
    }
  });
});
