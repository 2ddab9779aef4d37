import { HttpsProxyAgent } from 'https-proxy-agent';
import { describe, expect, it, onTestFinished } from 'vitest';
import { INSTALLED_UNDICI } from '../../../support/clients/installed-undici.js';
import { askNode } from '../../../support/clients/node-clients.js';
import { UNDICI_FLAVOURS } from '../../../support/clients/undici-flavours.js';
import { CA } from '../../../support/servers/certificates.js';
import { connectProxy } from '../../../support/servers/connect-proxy.js';
import { refusedPort } from '../../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../../support/servers/truthful-server.js';
import { socketConnect, useDrawnSpans } from '../../../support/telemetry/drawn-spans.js';

const { telemetry, record, trees } = useDrawnSpans();

describe.each(UNDICI_FLAVOURS)('$name', ({ Client, Agent }) => {
  it('several requests that fail with one dial are each linked to it', async () => {
    const port = await refusedPort();
    record();
    const client = new Client(`http://127.0.0.1:${port}`, { pipelining: 3 });
    onTestFinished(() => client.destroy());
    const ask = (path: string) => client.request({ path, method: 'GET' });
    await Promise.allSettled(['/1', '/2', '/3'].map(ask));
    const all = await trees();
    const setups = all.filter(({ kind }) => kind === 'INTERNAL');
    const requests = all.filter(({ kind }) => kind === 'CLIENT');
    expect(setups.length).toBeGreaterThan(0);
    expect(requests.map(({ links }) => links)).toEqual([1, 2, 3].map(() => [setups[0]?.name]));
    expect(requests.map(({ attributes }) => attributes['httptrace.failed_phase'])).toContain('connect');
  });

  it('a dial that was overtaken ends on its own', async () => {
    const { port } = await httpServer();
    record();
    const agent = new Agent({ connections: 2 });
    onTestFinished(() => agent.destroy());
    const ask = async (path: string) =>
      (await agent.request({ origin: `http://127.0.0.1:${port}`, path, method: 'GET' })).body.text();
    await Promise.all([ask('/1'), ask('/2'), ask('/3')]);
    const all = await trees();
    const setups = all.filter(({ kind }) => kind === 'INTERNAL');
    expect(setups.map(({ children }) => children)).toEqual(setups.map(() => [socketConnect(port)]));
    expect(all.filter(({ kind }) => kind === 'CLIENT').map(({ links }) => links.length)).toEqual([1, 1, 1]);
  });
});

describe('a tunnel through a proxy', () => {
  async function expectTunnel(ask: (origin: string, proxy: string) => Promise<unknown>): Promise<void> {
    const { port } = await httpsServer();
    const proxy = await connectProxy();
    record();
    await ask(`https://localhost:${port}`, proxy.url);
    const [request, ...setups] = await trees();
    expect(request).toMatchObject({ kind: 'CLIENT', status: 'UNSET' });
    const name = `HTTP connection_setup localhost:${port}`;
    expect(
      setups.map(({ children, ...setup }) => [setup.name, setup.links, ...children.map((c) => c.name)]),
    ).toEqual([
      [name, [], `socket connect 127.0.0.1:${proxy.port}`],
      [name, [name], 'TLS client handshake localhost'],
    ]);
    expect(request?.links).toEqual([name]);
  }

  it('of node:http', () =>
    expectTunnel((origin, proxy) => {
      const agent = new HttpsProxyAgent(proxy);
      onTestFinished(() => agent.destroy());
      return askNode(origin, { agent, ca: CA });
    }));

  it.each(INSTALLED_UNDICI)('of $name', ({ installed }) =>
    expectTunnel(async (origin, proxy) => {
      const agent = new installed.ProxyAgent({ uri: proxy, requestTls: { ca: CA } });
      onTestFinished(() => agent.destroy());
      await (await agent.request({ origin, path: '/', method: 'GET' })).body.text();
    }),
  );
});

// undici wraps the error of TLS in one of its own, lest its client dials again and again.
it.each(INSTALLED_UNDICI)(
  'of $name: the set-up that failed with the certificate of a proxy is found behind the error of the request',
  async ({ installed }) => {
    const { port } = await httpsServer();
    const proxy = await connectProxy('https', undefined, 'wrong-host');
    record();
    const uri = `https://localhost:${proxy.port}`;
    const agent = new installed.ProxyAgent({ uri, proxyTls: { ca: CA } });
    onTestFinished(() => agent.destroy());
    const asked = agent.request({ origin: `https://localhost:${port}`, path: '/', method: 'GET' });
    await expect(asked).rejects.toMatchObject({ cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
    const [request, ...setups] = await trees();
    expect(setups.map(({ attributes }) => attributes['error.type'])).toEqual([
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ]);
    expect(request?.links).toEqual([`HTTP connection_setup localhost:${port}`]);
  },
);

it('durations say the same as spans', async () => {
  const { port } = await httpsServer();
  record();
  await askNode(`https://localhost:${port}`, { ca: CA, agent: false });
  const spans = await telemetry.all();
  const lasted = (start: string): number => {
    const span = spans.find(({ name }) => name.startsWith(start));
    return span === undefined ? Number.NaN : span.duration[0] + span.duration[1] / 1e9;
  };
  const [{ attributes } = await telemetry.only()] = await telemetry.finished();
  expect(lasted('DNS lookup')).toBeCloseTo(Number(attributes['httptrace.dns.duration']), 2);
  expect(lasted('socket connect')).toBeCloseTo(Number(attributes['httptrace.connect.duration']), 2);
  expect(lasted('TLS client handshake')).toBeCloseTo(Number(attributes['httptrace.tls.duration']), 2);
  expect(lasted('HTTP wait_for_connection')).toBeCloseTo(Number(attributes['httptrace.getconn.duration']), 2);
});
