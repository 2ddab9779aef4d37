import { once } from 'node:events';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { deferred } from '../../support/deferred.js';
import { CA } from '../../support/servers/certificates.js';
import { connectProxy } from '../../support/servers/connect-proxy.js';
import { moodyServer, PATHS } from '../../support/servers/moody-server.js';
import { http2Server, httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { ConnectionCounts, load, undiciSockets } from '../../support/telemetry/open-connections.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const ON = { 'http.client.open_connections': true, 'http.client.connection.duration': true };
const NONE = { active: 0, idle: 0 };

function count(): ConnectionCounts {
  const counts = new ConnectionCounts();
  telemetry.instrument({ metrics: ON }).setMeterProvider(counts);
  return counts;
}

interface Stats {
  readonly connected: number | boolean;
  readonly running: number;
}

/** What the dispatcher itself says, as far as this undici does. */
function statsOf(dispatcher: Dispatcher): Stats | undefined {
  return (dispatcher as { stats?: Stats }).stats;
}

/** One request of the load; whatever becomes of it. */
async function ask(dispatcher: Dispatcher, origin: string, random: (limit: number) => number): Promise<void> {
  const path = PATHS[random(PATHS.length)] ?? '/ok';
  const controller = new AbortController();
  const isAborted = path === '/silent' || random(5) === 0;
  const timer = isAborted ? globalThis.setTimeout(() => controller.abort(), random(12)) : undefined;
  try {
    const { body } = await dispatcher.request({ origin, path, method: 'GET', signal: controller.signal });
    if (random(6) === 0) {
      body.on('error', () => undefined).destroy();
    } else {
      await body.text();
    }
  } catch {
    // What goes wrong is part of the load.
    await setImmediate();
  } finally {
    clearTimeout(timer);
  }
}

describe.each(UNDICI_FLAVOURS)('$name: http.client.open_connections', (flavour) => {
  const { Agent, Pool, Client } = flavour;

  it('counts a connection as idle that was in use by nobody traced when it was disabled', async () => {
    const mayAnswer = deferred();
    const { origin } = await httpServer(async (req, res) => {
      if (req.url === '/health') {
        await mayAnswer.promise;
      }
      res.end('ok');
    });
    const counts = new ConnectionCounts();
    const instrumentation = telemetry.instrument({ metrics: ON, client: { ignoreUrls: ['/health'] } });
    instrumentation.setMeterProvider(counts);
    const pool = new Pool(origin, { connections: 1 });
    onTestFinished(() => pool.destroy());
    const get = async (path: string) => (await pool.request({ path, method: 'GET' })).body.text();
    await get('/before');
    const health = get('/health');
    instrumentation.disable();
    mayAnswer.resolve();
    await health;
    instrumentation.enable();
    expect(counts.now).toEqual({ active: 0, idle: 1 });
    await get('/after');
    expect(counts.now).toEqual({ active: 0, idle: 1 });
    const [, after] = await telemetry.finished();
    const got = after?.events.find(({ name }) => name === 'http.getconn.done')?.attributes;
    expect(got).toMatchObject({ 'http.conn.reused': true, 'http.conn.wasidle': true });
    expect(got?.['http.conn.idletime']).toBeGreaterThanOrEqual(0);
  });

  it.each(['http', 'https'] as const)(
    'agrees with the pool at every moment of a random load over %s',
    async (scheme) => {
      const { origin } = await moodyServer(scheme);
      const counts = count();
      const sockets = undiciSockets();
      const pool = new Pool(origin, { connections: 4, connect: { ca: CA } });
      const looks = await load(
        (random) => ask(pool, origin, random),
        () => {
          const { active, idle } = counts.now;
          const { connected, running } = pool.stats;
          expect({ open: active + idle }).toEqual({ open: connected + sockets.closing() });
          expect(Math.min(active, idle)).toBeGreaterThanOrEqual(0);
          if (sockets.closing() === 0) {
            expect({ active }).toEqual({ active: running });
          }
        },
      );
      expect(looks).toBeGreaterThan(30);
      expect(sockets.opened()).toBeGreaterThan(10);
      await pool.destroy();
      await expect.poll(() => counts.now).toEqual(NONE);
      expect(counts.lifetimes).toBe(sockets.opened());
    },
  );

  it.each([
    ['Agent', () => new Agent({ connections: 3 })],
    ['Agent without a limit', () => new Agent()],
    // undici 6 loses requests behind one that breaks off in a pipeline.
    ['Agent with pipelining', () => new Agent({ connections: 2, pipelining: flavour.major === 6 ? 1 : 4 })],
    ['Client', (origin: string) => new Client(origin)],
  ])('agrees with the sockets of an %s at every moment, and returns to zero', async (_what, make) => {
    const { origin } = await moodyServer();
    const counts = count();
    const sockets = undiciSockets();
    const dispatcher: Dispatcher = make(origin);
    await load(
      (random) => ask(dispatcher, origin, random),
      () => {
        const { active, idle } = counts.now;
        expect(Math.min(active, idle)).toBeGreaterThanOrEqual(0);
        expect({ open: active + idle }).toEqual({ open: sockets.open() });
        const connected = statsOf(dispatcher)?.connected;
        if (connected !== undefined && dispatcher instanceof Client) {
          expect({ open: active + idle }).toEqual({ open: Number(connected) + sockets.closing() });
        }
      },
    );
    expect(sockets.opened()).toBeGreaterThan(10);
    await dispatcher.destroy();
    await expect.poll(() => counts.now).toEqual(NONE);
    expect(counts.lifetimes).toBe(sockets.opened());
  });

  it('moves between idle and active', async () => {
    const held = deferred();
    const { origin } = await httpServer((_req, res) => void held.promise.then(() => res.end('hello')));
    const counts = count();
    const client = new Client(origin);
    const asked = client.request({ path: '/', method: 'GET' });
    await expect.poll(() => counts.now).toEqual({ active: 1, idle: 0 });
    held.resolve();
    await (await asked).body.text();
    await setImmediate();
    expect(counts.now).toEqual({ active: 0, idle: 1 });
    await client.close();
    await expect.poll(() => counts.now).toEqual(NONE);
  });

  it('an HTTP/2 connection is active while a stream is open', async () => {
    const held = deferred();
    const { port } = await http2Server((_req, res) => void held.promise.then(() => res.end('hello')));
    const counts = count();
    const client = new Client(`https://localhost:${port}`, {
      allowH2: true,
      connect: { ca: CA },
      pipelining: 10,
    });
    const ask = async () => (await client.request({ path: '/', method: 'GET' })).body.text();
    // undici 6 fails an assertion of its own when several streams end.
    const all = flavour.major === 6 ? [ask()] : [ask(), ask(), ask()];
    await expect.poll(() => counts.now).toEqual({ active: 1, idle: 0 });
    held.resolve();
    await Promise.all(all);
    await expect.poll(() => counts.now).toEqual({ active: 0, idle: 1 });
    await client.close();
    await expect.poll(() => counts.now).toEqual(NONE);
  });

  it('a connection that is upgraded leaves the pool', async () => {
    const { origin } = await moodyServer();
    const counts = count();
    const client = new Client(origin);
    onTestFinished(() => client.destroy());
    const { socket } = await client.upgrade({ path: '/', protocol: 'echo' });
    expect(counts.now).toEqual(NONE);
    expect(counts.lifetimes).toBe(1);
    socket.destroy();
    await once(socket, 'close');
    await setImmediate();
    expect([counts.now, counts.lifetimes]).toEqual([NONE, 1]);
  });

  it('also if that request is not recorded', async () => {
    const { origin } = await moodyServer();
    const counts = new ConnectionCounts();
    telemetry.instrument({ metrics: ON, client: { ignoreUrls: ['/quiet'] } }).setMeterProvider(counts);
    const client = new Client(origin);
    onTestFinished(() => client.destroy());
    const { socket } = await client.upgrade({ path: '/quiet', protocol: 'echo' });
    expect(counts.now).toEqual(NONE);
    socket.destroy();
    await once(socket, 'close');
    expect([counts.now, counts.lifetimes]).toEqual([NONE, 1]);
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
    const pool = new Pool(origin, { connections: 3 });
    const ask = async (path: string) => (await pool.request({ path, method: 'GET' })).body.text();
    const slow = ['/slow', '/chunks', '/slow'].map(ask);
    await setTimeout(4);
    instrumentation.setConfig({ server: { enabled: false }, ...config });
    await Promise.all(slow);
    await ask('/ok');
    await pool.destroy();
    await expect.poll(() => counts.now).toEqual(NONE);
    expect(counts.unbalanced).toEqual([]);
  });

  it('is not taken from what it was never added to', async () => {
    const { origin } = await moodyServer();
    const counts = new ConnectionCounts();
    const instrumentation = telemetry.instrument({});
    instrumentation.setMeterProvider(counts);
    const pool = new Pool(origin, { connections: 1, keepAliveTimeout: 10_000 });
    const ask = async (path: string) => (await pool.request({ path, method: 'GET' })).body.text();
    const first = ask('/slow');
    await setTimeout(3);
    instrumentation.setConfig({ server: { enabled: false }, metrics: ON });
    await first;
    await ask('/ok');
    await pool.destroy();
    expect(counts.now).toEqual(NONE);
    expect(counts.least).toEqual(NONE);
  });
});

describe.each(INSTALLED_UNDICI)('$name: through a proxy', ({ installed }) => {
  it.each(['http', 'https'] as const)('a tunnel to an %s server is one connection', async (scheme) => {
    const { origin } = await (scheme === 'http' ? httpServer() : httpsServer());
    const proxy = await connectProxy();
    const counts = count();
    const agent = new installed.ProxyAgent({ uri: proxy.url, proxyTunnel: true, requestTls: { ca: CA } });
    const ask = async () => (await agent.request({ origin, path: '/', method: 'GET' })).body.text();
    await ask();
    await setImmediate();
    await ask();
    await setImmediate();
    expect([counts.now, proxy.asked.length]).toEqual([{ active: 0, idle: 1 }, 1]);
    await agent.destroy();
    await expect.poll(() => counts.now).toEqual(NONE);
  });

  it('a tunnel that is refused is none', async () => {
    const { origin } = await httpsServer();
    const proxy = await connectProxy('http', 403);
    const counts = count();
    const agent = new installed.ProxyAgent({ uri: proxy.url });
    onTestFinished(() => agent.destroy());
    await expect(agent.request({ origin, path: '/', method: 'GET' })).rejects.toThrow();
    await agent.destroy();
    await expect.poll(() => counts.now).toEqual(NONE);
  });
});
