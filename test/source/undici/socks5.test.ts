import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { buildConnector } from 'undici';
import { describe, expect, it } from 'vitest';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { keptAlive, tracedNode } from '../../support/clients/node-clients.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { closing, type Traced, tracedRequest } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { CA } from '../../support/servers/certificates.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { connectBySocks5, refusingSocks5Proxy, socks5Proxy } from '../../support/servers/socks5.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { connectionsAreIdle } from '../../support/telemetry/expected-span.js';

useContextManager();
useRequestLedger();

const DIAL = ['connectStart', 'connectDone'];
const HANDSHAKE = ['tlsHandshakeStart', 'tlsHandshakeDone'];
const SENT = ['gotConn', 'wroteHeaders', 'wroteRequest', 'gotFirstResponseByte', 'putIdleConn'];

/** The socket to a server of this scheme, through the proxy. */
async function dial(proxyPort: number, secure: boolean, host: string, port: number): Promise<Socket> {
  const socket = await connectBySocks5(proxyPort, host, port);
  return secure ? connectTls({ socket, ca: CA, servername: 'localhost' }) : socket;
}

function connector(proxyPort: number): buildConnector.connector {
  return ({ protocol, hostname, port }, done) => {
    const secure = protocol === 'https:';
    dial(proxyPort, secure, hostname, Number(port)).then(
      (socket) =>
        secure
          ? socket.once('secureConnect', () => done(null, socket)).once('error', (error) => done(error, null))
          : done(null, socket),
      (error: Error) => done(error, null),
    );
  };
}

type Done = (error: Error | null, stream: Duplex) => void;

function agentBy(proxyPort: number, secure: boolean): http.Agent {
  const agent = secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
  return keptAlive(
    Object.assign(agent, {
      createConnection: ({ host, port }: http.ClientRequestArgs, done: Done) => {
        dial(proxyPort, secure, String(host), Number(port)).then(
          (socket) => done(null, socket),
          (error: Error) => done(error, undefined as never),
        );
      },
    }),
  );
}

interface Client {
  readonly name: string;
  /** Makes requests to one origin through this proxy. */
  through(proxyPort: number, origin: string): (path: string) => Promise<Traced>;
}

/** The types of undici leave out what its SOCKS5 agent is told of the server. */
function optionsOf(options: { requestTls: { ca: string } }): object {
  return options;
}

const CLIENTS: readonly Client[] = [
  {
    name: 'an agent of node:http',
    through: (proxyPort, origin) => {
      const agent = agentBy(proxyPort, origin.startsWith('https:'));
      return (path) => tracedNode(origin + path, { agent });
    },
  },
  ...UNDICI_FLAVOURS.map(({ name, Client }) => ({
    name: `a connector of ${name}`,
    through: (proxyPort: number, origin: string) => {
      const client = closing(new Client(origin, { connect: connector(proxyPort) }));
      return (path: string) => tracedRequest(client, origin + path);
    },
  })),
  ...INSTALLED_UNDICI.filter(({ installed }) => 'Socks5ProxyAgent' in installed).map(
    ({ name, installed }) => ({
      name: `the Socks5ProxyAgent of ${name}`,
      through: (proxyPort: number, origin: string) => {
        const agent = closing(
          new installed.Socks5ProxyAgent(
            `socks5://127.0.0.1:${proxyPort}`,
            optionsOf({ requestTls: { ca: CA } }),
          ),
        );
        return (path: string) => tracedRequest(agent, origin + path);
      },
    }),
  ),
];

describe.each(CLIENTS)('a request through a SOCKS5 proxy by $name', ({ through }) => {
  it('has the dial to the proxy, and looks up no name', async () => {
    const { port } = await httpServer();
    const proxy = await socks5Proxy();
    const ask = through(proxy.port, `http://target.example:${port}`);
    const { recorder, answered } = await ask('/');
    expect(answered?.status).toBe(200);
    expect(proxy.asked).toEqual([`target.example:${port}`]);
    expect(recorder.hooks).toEqual(['getConn', ...DIAL, ...SENT]);
    expect(recorder.only('getConn')).toEqual([`target.example:${port}`]);
    expect(recorder.only('connectDone')).toEqual(['tcp', `127.0.0.1:${proxy.port}`]);
    expect(recorder.gotConn).toMatchObject({ reused: false, wasIdle: false });
  });

  it('has the handshake with the server that lies behind it', async () => {
    const { port } = await httpsServer();
    const proxy = await socks5Proxy();
    const { recorder, answered } = await through(proxy.port, `https://localhost:${port}`)('/');
    expect(answered?.status).toBe(200);
    expect(recorder.hooks).toEqual(['getConn', ...DIAL, ...HANDSHAKE, ...SENT]);
    expect(recorder.tlsState).toMatchObject({ serverName: 'localhost', authorized: true });
  });

  it('finds the connection idle when it is the second', async () => {
    const { port } = await httpsServer();
    const proxy = await socks5Proxy();
    const ask = through(proxy.port, `https://localhost:${port}`);
    await ask('/1');
    await connectionsAreIdle();
    const { recorder } = await ask('/2');
    expect(recorder.hooks).toEqual(['getConn', ...SENT]);
    expect(recorder.gotConn).toMatchObject({ reused: true, wasIdle: true });
    expect(proxy.asked).toHaveLength(1);
  });

  it('fails after the dial when the proxy refuses', async () => {
    const proxy = await refusingSocks5Proxy();
    const { recorder, error } = await through(proxy.port, 'http://target.example:81')('/');
    expect(error).toBeInstanceOf(Error);
    expect(recorder.hooks).toEqual(['getConn', ...DIAL]);
    expect(recorder.only('connectDone')).toEqual(['tcp', `127.0.0.1:${proxy.port}`]);
  });

  it('fails in the dial when the proxy is not there', async () => {
    const port = await refusedPort();
    const { recorder, error } = await through(port, 'http://target.example:81')('/');
    expect(recorder.hooks).toEqual(['getConn', ...DIAL]);
    expect(recorder.only('connectDone')).toEqual(['tcp', `127.0.0.1:${port}`, error]);
  });
});
