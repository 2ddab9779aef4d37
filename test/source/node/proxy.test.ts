import * as http from 'node:http';
import * as https from 'node:https';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { httpAgent, keptAlive, tracedNode } from '../../support/clients/node-clients.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { useContextManager } from '../../support/context-manager.js';
import { CA } from '../../support/servers/certificates.js';
import { connectProxy } from '../../support/servers/connect-proxy.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

type Done = (error: Error | null, stream: Duplex) => void;

/** Sends the CONNECT by `http.request`, as hpagent, tunnel and tunnel-agent do. */
class TunnelAgent extends https.Agent {
  private readonly connect: http.RequestOptions;

  constructor(proxy: string) {
    super({ keepAlive: true, ca: CA });
    const { hostname, port } = new URL(proxy);
    this.connect = { hostname, port, method: 'CONNECT', agent: false };
  }

  override createConnection(options: http.ClientRequestArgs, done?: Done): undefined {
    const path = `${options.host}:${options.port}`;
    http
      .request({ ...this.connect, path })
      .on('connect', (_response, socket) => {
        const secure = super.createConnection({ ...options, socket } as http.ClientRequestArgs);
        if (secure) {
          done?.(null, secure);
        }
      })
      .end();
  }
}

/** Since Node 22.21 and 24.5. */
function hasProxyOfItsOwn(): boolean {
  const agent = nodeAgent('http://localhost');
  return Object.getOwnPropertySymbols(agent).some(({ description }) => description === 'kProxyConfig');
}

function nodeAgent(proxy: string): http.Agent {
  const options = { keepAlive: true, ca: CA, proxyEnv: { https_proxy: proxy, http_proxy: proxy } };
  return new https.Agent(options);
}

async function packageAgent(proxy: string): Promise<http.Agent> {
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return new HttpsProxyAgent(proxy, { keepAlive: true, ca: CA });
}

interface Proxied {
  readonly name: string;
  make(proxy: string): http.Agent | Promise<http.Agent>;
  /** Whether it shows which proxy it goes to. */
  readonly shows: boolean;
}

const AGENTS: readonly Proxied[] = [
  { name: 'https-proxy-agent', make: packageAgent, shows: true },
  {
    name: 'an agent that sends its CONNECT by http.request',
    make: (proxy) => new TunnelAgent(proxy),
    shows: false,
  },
  ...(hasProxyOfItsOwn() ? [{ name: 'an agent of Node itself', make: nodeAgent, shows: true }] : []),
];

const DIAL = ['connectStart', 'connectDone'];
const HANDSHAKE = ['tlsHandshakeStart', 'tlsHandshakeDone'];
const SENT_AND_ANSWERED = ['wroteHeaders', 'wroteRequest', 'gotFirstResponseByte'];

describe.each(AGENTS)('a request through a tunnel by $name', ({ make, shows }) => {
  it('has the dial to the proxy, the handshake with the server, and no request for the CONNECT', async () => {
    const { port } = await httpsServer();
    const proxy = await connectProxy();
    const agent = keptAlive(await make(proxy.url));

    const { recorder, answered } = await tracedNode(`https://localhost:${port}/through`, { agent, ca: CA });

    expect(answered?.status).toBe(200);
    expect(proxy.asked).toEqual([`localhost:${port}`]);
    expect(recorder.hooks).toEqual([
      'getConn',
      ...DIAL,
      ...HANDSHAKE,
      'gotConn',
      ...SENT_AND_ANSWERED,
      'putIdleConn',
    ]);
    expect(recorder.only('getConn')).toEqual([shows ? `127.0.0.1:${proxy.port}` : `localhost:${port}`]);
    expect(recorder.only('connectDone')).toEqual(['tcp', `127.0.0.1:${proxy.port}`]);
    expect(recorder.tlsState).toMatchObject({ serverName: 'localhost', authorized: true });
    expect(ledger.entries.map(({ path }) => path)).toEqual(['/through']);
  });

  it('finds the tunnel idle when it is the second', async () => {
    const { port } = await httpsServer();
    const proxy = await connectProxy();
    const agent = keptAlive(await make(proxy.url));
    await tracedNode(`https://localhost:${port}/1`, { agent, ca: CA });

    const { recorder } = await tracedNode(`https://localhost:${port}/2`, { agent, ca: CA });

    expect(recorder.hooks).toEqual(['getConn', 'gotConn', ...SENT_AND_ANSWERED, 'putIdleConn']);
    expect(recorder.gotConn).toMatchObject({ reused: true, wasIdle: true });
    expect(proxy.asked).toHaveLength(1);
  });

  it('has a tunnel of its own when ten are made at once', async () => {
    const { port } = await httpsServer();
    const proxy = await connectProxy();
    const agent = keptAlive(await make(proxy.url));

    const all = await Promise.all(
      Array.from({ length: 10 }, (_, n) => tracedNode(`https://localhost:${port}/${n}`, { agent, ca: CA })),
    );

    expect(
      all.map(({ recorder }) => [recorder.count('connectDone'), recorder.count('tlsHandshakeDone')]),
    ).toEqual(Array(10).fill([1, 1]));
  });
});

it('a request through a proxy that speaks TLS shakes hands with both', async () => {
  const { port } = await httpsServer();
  const proxy = await connectProxy('https');
  const agent = keptAlive(await packageAgent(proxy.url));

  const { recorder } = await tracedNode(`https://localhost:${port}/`, { agent, ca: CA });

  expect(recorder.hooks).toEqual([
    'getConn',
    ...DIAL,
    ...HANDSHAKE,
    ...HANDSHAKE,
    'gotConn',
    ...SENT_AND_ANSWERED,
    'putIdleConn',
  ]);
});

it('a tunnel of the program itself is no request', async () => {
  const { port } = await httpServer();
  const proxy = await connectProxy();
  const recorder = await new Promise<string[]>((resolve) => {
    const { hostname, port: proxyPort } = new URL(proxy.url);
    http
      .request({
        hostname,
        port: proxyPort,
        method: 'CONNECT',
        path: `127.0.0.1:${port}`,
        agent: httpAgent(),
      })
      .on('connect', (_response, socket) => {
        socket.destroy();
        resolve(ledger.entries.map(({ path }) => path));
      })
      .end();
  });

  expect(recorder).toEqual([]);
});
