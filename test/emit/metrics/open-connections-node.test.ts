import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { connect, type Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askNode, httpAgent, httpsAgent, nodeRequest } from '../../support/clients/node-clients.js';
import { CA } from '../../support/servers/certificates.js';
import { connectProxy } from '../../support/servers/connect-proxy.js';
import { moodyServer, PATHS } from '../../support/servers/moody-server.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { ConnectionCounts, load, type OpenConnections } from '../../support/telemetry/open-connections.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const ON = { 'http.client.open_connections': true, 'http.client.connection.duration': true };
const NONE = { active: 0, idle: 0 };

function count(): ConnectionCounts {
  const counts = new ConnectionCounts();
  telemetry.instrument({ metrics: ON }).setMeterProvider(counts);
  return counts;
}

/** What the agent's own lists hold of connections that are established, and how many of them are about to close. */
function listed({ sockets, freeSockets }: http.Agent): OpenConnections & { closing: number } {
  const active = establishedOf(sockets);
  const idle = establishedOf(freeSockets);
  const closing = [...active, ...idle].filter(({ destroyed }) => destroyed).length;
  return { active: active.length, idle: idle.length, closing };
}

function establishedOf(lists: NodeJS.ReadOnlyDict<Socket[]>): Socket[] {
  return Object.values(lists).flatMap((sockets = []) => sockets.filter(isEstablished));
}

/** An agent keeps a connection that it has destroyed in whichever list it was, until that is closed. */
function expectAgreement({ active, idle }: OpenConnections, agent: http.Agent): void {
  const { closing, ...lists } = listed(agent);
  expect({ open: active + idle }).toEqual({ open: lists.active + lists.idle });
  if (closing === 0) {
    expect({ active, idle }).toEqual(lists);
  }
}

function isEstablished(socket: Socket & { secureConnecting?: boolean }): boolean {
  // One that is closed counts until it says so; one that failed while it was dialled never did.
  return !socket.connecting && socket.secureConnecting !== true && wasConnected.has(socket);
}

const wasConnected = new WeakSet<Socket>();

/** Agents that note which of their sockets were ever connected. */
function noting<A extends http.Agent>(agent: A): A {
  const creating = agent as A & { createConnection(...args: unknown[]): Socket };
  const { createConnection } = creating;
  creating.createConnection = (...args) => {
    const socket = createConnection.apply(agent, args);
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => wasConnected.add(socket));
    return socket;
  };
  return agent;
}

async function ask(agent: http.Agent, origin: string, random: (limit: number) => number): Promise<void> {
  const path = PATHS[random(PATHS.length)] ?? '/ok';
  const isGivenUp = path === '/silent' || random(5) === 0;
  const wait = random(12);
  const isCut = random(6) === 0;
  const headers = random(12) === 0 ? { Connection: 'close' } : {};
  const request = nodeRequest(origin + path, { agent, ca: CA, headers });
  const closed = new Promise((resolve) => request.on('close', resolve));
  request.on('error', () => undefined);
  request.on('response', (response) => {
    response.on('error', () => undefined);
    if (isCut) {
      response.destroy();
    } else {
      response.resume();
    }
  });
  request.end();
  const timer = isGivenUp ? globalThis.setTimeout(() => request.destroy(), wait) : undefined;
  await closed;
  clearTimeout(timer);
}

describe('http.client.open_connections of an agent of node:http', () => {
  it.each([
    ['http', 'keeps four connections', { keepAlive: true, maxSockets: 4 }],
    ['http', 'keeps two idle ones', { keepAlive: true, maxFreeSockets: 2 }],
    ['http', 'keeps none', { keepAlive: false, maxSockets: 4 }],
    ['http', 'drops them when they are idle for long', { keepAlive: true, timeout: 15 }],
    ['https', 'keeps four connections', { keepAlive: true, maxSockets: 4 }],
  ] as const)(
    'over %s that %s agrees with its lists at every moment of a random load',
    async (scheme, _what, options) => {
      const { origin } = await moodyServer(scheme);
      const counts = count();
      const agent = noting(scheme === 'http' ? new http.Agent(options) : new https.Agent(options));
      const looks = await load(
        (random) => ask(agent, origin, random),
        () => expectAgreement(counts.now, agent),
      );
      expect(looks).toBeGreaterThan(30);
      agent.destroy();
      await expect.poll(() => counts.now).toEqual(NONE);
      expect(counts.lifetimes).toBeGreaterThan(10);
      expect([counts.least, counts.unbalanced]).toEqual([NONE, []]);
    },
  );

  it('goes from active to idle, and to nothing', async () => {
    const { origin } = await httpServer();
    const counts = count();
    const agent = httpAgent();
    const request = nodeRequest(origin, { agent }).end();
    await once(request, 'socket');
    await once(request, 'response').then(([response]) => {
      expect(counts.now).toEqual({ active: 1, idle: 0 });
      response.resume();
    });
    await once(request, 'close');
    await setImmediate();
    expect(counts.now).toEqual({ active: 0, idle: 1 });
    agent.destroy();
    await expect.poll(() => counts.now).toEqual(NONE);
    expect(counts.lifetimes).toBe(1);
  });

  it('never counts what was not established', async () => {
    const counts = count();
    const port = await refusedPort();
    await expect(askNode(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    const { origin } = await httpsServer();
    await expect(askNode(`${origin}/`)).rejects.toThrow(/certificate/);
    expect([...counts.of('http.client.open_connections'), counts.lifetimes]).toEqual([0]);
  });

  it.each(['without an agent', 'with a connection of its own'])(
    'counts that of a request %s',
    async (how) => {
      const { port, origin } = await httpServer();
      const counts = count();
      await askNode(
        origin,
        how === 'without an agent'
          ? { agent: false }
          : { createConnection: () => connect(port, '127.0.0.1') },
      );
      await expect.poll(() => [counts.lifetimes, counts.now]).toEqual([1, NONE]);
      expect(counts.unbalanced).toEqual([]);
    },
  );

  it.each([
    ['a keep-alive agent', () => httpAgent()],
    ['an agent that keeps none', () => new http.Agent({ keepAlive: false })],
    ['no agent', () => false as const],
  ])('an upgrade takes the connection from %s', async (_what, agentOf) => {
    const { origin } = await moodyServer();
    const counts = count();
    const headers = { Connection: 'Upgrade', Upgrade: 'echo' };
    const request = nodeRequest(origin, { agent: agentOf(), headers }).end();
    const [, socket] = await once(request, 'upgrade');
    await setImmediate();
    expect([counts.now, counts.lifetimes]).toEqual([NONE, 1]);
    socket.destroy();
    await once(socket, 'close');
    expect([counts.now, counts.lifetimes]).toEqual([NONE, 1]);
  });

  it.each(['http', 'https'] as const)('a tunnel to an %s server is one connection', async (scheme) => {
    const { origin } = await (scheme === 'http' ? httpServer() : httpsServer());
    const proxy = await connectProxy();
    const counts = count();
    const agent = new HttpsProxyAgent(proxy.url, { keepAlive: true });
    onTestFinished(() => agent.destroy());
    await askNode(origin, { agent, ca: CA });
    expect(counts.now).toEqual({ active: 0, idle: 1 });
    await askNode(origin, { agent, ca: CA });
    expect([counts.now, proxy.asked.length]).toEqual([{ active: 0, idle: 1 }, 1]);
    agent.destroy();
    await expect.poll(() => counts.now).toEqual(NONE);
    expect(counts.unbalanced).toEqual([]);
  });

  it.each([
    ['another config', { metrics: ON, optInAttributes: ['url.scheme'] }],
    ['a config without it', {}],
    ['a config that is disabled', { enabled: false }],
  ])('returns to zero if %s is set meanwhile', async (_what, config) => {
    const { origin } = await moodyServer();
    const counts = new ConnectionCounts();
    const instrumentation = telemetry.instrument({ metrics: ON });
    instrumentation.setMeterProvider(counts);
    const agent = httpAgent({ maxSockets: 3 });
    const slow = ['/slow', '/chunks', '/slow'].map((path) => askNode(origin + path, { agent }));
    await setTimeout(4);
    instrumentation.setConfig({ server: { enabled: false }, ...config });
    await Promise.all(slow);
    await askNode(`${origin}/ok`, { agent });
    agent.destroy();
    await expect.poll(() => counts.now).toEqual(NONE);
    expect([counts.least, counts.unbalanced]).toEqual([NONE, []]);
  });

  it('sees connections that a request which is not recorded has made', async () => {
    const { port } = await httpsServer();
    const counts = new ConnectionCounts();
    telemetry.instrument({ metrics: ON, client: { ignoreUrls: ['/quiet'] } }).setMeterProvider(counts);
    const agent = httpsAgent();
    await askNode(`https://127.0.0.1:${port}/quiet`, { agent, ca: CA });
    expect(counts.now).toEqual({ active: 0, idle: 1 });
    await askNode(`https://127.0.0.1:${port}/loud`, { agent, ca: CA });
    expect(counts.now).toEqual({ active: 0, idle: 1 });
    agent.destroy();
    await expect.poll(() => counts.now).toEqual(NONE);
  });
});
