import type * as http from 'node:http';
import type * as https from 'node:https';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import { httpAgent, httpsAgent, type NodeAsking, tracedNode } from '../../support/clients/node-clients.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { seenByServer, told } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { CA } from '../../support/servers/certificates.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

/** What 50 requests to one server are made with. */
type Given = [name: string, asking: () => NodeAsking];

const HTTP: Given[] = [
  ['the global agent', () => ({})],
  ['an agent that keeps connections', () => ({ agent: httpAgent() })],
  ['an agent that keeps none', () => ({ agent: httpAgent({ keepAlive: false }) })],
  ['an agent of two connections', () => ({ agent: httpAgent({ maxSockets: 2 }) })],
  ['an agent of two connections in all', () => ({ agent: httpAgent({ maxTotalSockets: 2 }) })],
  [
    'an agent of one connection that keeps none',
    () => ({ agent: httpAgent({ keepAlive: false, maxSockets: 1 }) }),
  ],
  [
    'an agent that takes the oldest connection',
    () => ({ agent: httpAgent({ maxSockets: 3, scheduling: 'fifo' }) }),
  ],
  ['an agent that keeps only one', () => ({ agent: httpAgent({ maxFreeSockets: 1 }) })],
  ['no agent', () => ({ agent: false })],
  [
    'a connection of its own',
    () => ({ createConnection: (options) => net.connect(options as net.NetConnectOpts) }),
  ],
  ['a connection that comes later', () => ({ createConnection: later((options) => net.connect(options)) })],
  [
    'an agent that connects later',
    () => ({ agent: connectingLater(httpAgent({ maxSockets: 5 }), (options) => net.connect(options)) }),
  ],
];

const HTTPS: Given[] = [
  ['the global agent', () => ({ ca: CA })],
  ['an agent that keeps connections', () => ({ agent: httpsAgent({ ca: CA }) })],
  ['an agent of two connections', () => ({ agent: httpsAgent({ ca: CA, maxSockets: 2 }) })],
  [
    'an agent of one connection that keeps none',
    () => ({ agent: httpsAgent({ ca: CA, keepAlive: false, maxSockets: 1 }) }),
  ],
  ['no agent', () => ({ agent: false, ca: CA })],
  [
    'a connection of its own',
    () => ({ createConnection: (options) => tls.connect({ ...(options as tls.ConnectionOptions), ca: CA }) }),
  ],
  [
    'an agent that connects later',
    () => ({
      agent: connectingLater(httpsAgent({ maxSockets: 5 }), (options) => tls.connect({ ...options, ca: CA })),
    }),
  ],
];

type Connect = (options: net.TcpNetConnectOpts) => net.Socket;
type CreateConnection = NonNullable<NodeAsking['createConnection']>;

function later(connect: Connect): CreateConnection {
  return (options, done) => {
    setImmediate(() => done?.(null, connect(options as net.TcpNetConnectOpts)));
    return undefined;
  };
}

function connectingLater<T extends http.Agent | https.Agent>(agent: T, connect: Connect): T {
  return Object.assign(agent, { createConnection: later(connect) });
}

describe.each([
  ['http', httpServer, HTTP],
  ['https', httpsServer, HTTPS],
] as const)('50 requests at once over %s', (_scheme, serverOf, givens) => {
  it.each(givens)('with %s', async (_name, asking) => {
    const server = await serverOf();
    const shared = asking();
    const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);

    const all = await Promise.all(paths.map((path) => tracedNode(`${server.origin}${path}`, shared)));

    expect(paths.map((path) => told(ledger.gotConn(path)))).toEqual(all.map(seenByServer));
    expect(all.map(({ recorder }) => told(recorder.gotConn))).toEqual(all.map(seenByServer));
    expect(ledger.count('connectDone')).toBe(server.connections.length);
    // Each connection was dialled for a request that was not given one before.
    expect(all.filter(({ recorder }) => recorder.count('connectDone') > 1)).toEqual([]);
  });
});
