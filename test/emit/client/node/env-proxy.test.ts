import * as http from 'node:http';
import { describe, expect, it } from 'vitest';
import { askNode, keptAlive, tracedNode } from '../../../support/clients/node-clients.js';
import { httpServer } from '../../../support/servers/truthful-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const DIAL = ['connectStart', 'connectDone'];
const SENT_AND_ANSWERED = ['wroteHeaders', 'wroteRequest', 'gotFirstResponseByte'];

function nodeHttpAgent(proxy: string, no_proxy = ''): http.Agent {
  const options = { keepAlive: true, proxyEnv: { http_proxy: proxy, no_proxy } };
  return keptAlive(new http.Agent(options));
}

/** Since Node 22.21 and 24.5. */
function hasProxyOfItsOwn(): boolean {
  const agent = new http.Agent({ proxyEnv: { http_proxy: 'http://localhost' } } as http.AgentOptions);
  return Object.getOwnPropertySymbols(agent).some(({ description }) => description === 'kProxyConfig');
}

describe.runIf(hasProxyOfItsOwn())('a plain request through a proxy by an agent of Node itself', () => {
  it('dials the proxy, and names the server that it asks for', async () => {
    const proxy = await httpServer();
    const agent = nodeHttpAgent(proxy.origin);
    telemetry.instrument();

    const { recorder, answered } = await tracedNode('http://target.example:8080/a?b=1', { agent });

    expect(answered?.status).toBe(200);
    expect(recorder.hooks).toEqual(['getConn', ...DIAL, 'gotConn', ...SENT_AND_ANSWERED, 'putIdleConn']);
    expect(recorder.only('getConn')).toEqual([`127.0.0.1:${proxy.port}`]);
    expect((await telemetry.onlyShown()).attributes).toMatchObject({
      'url.full': 'http://target.example:8080/a?b=1',
      'server.address': 'target.example',
      'server.port': 8080,
      'network.peer.port': proxy.port,
    });
  });

  it('sends what it would have sent, and one traceparent', async () => {
    const heads: string[][] = [];
    const proxy = await httpServer((req, res) => {
      heads.push([`${req.method} ${req.url}`, ...req.rawHeaders]);
      res.end();
    });
    const agent = nodeHttpAgent(proxy.origin.replace('//', '//user:secret@'));
    const ask = () => askNode('http://target.example:8080/a?b=1', { agent, headers: { 'X-One': '1' } });
    await ask();
    telemetry.instrument();
    await ask();

    const [without, sent] = heads;
    const at = sent?.indexOf('traceparent') ?? -1;
    const [, value] = sent?.splice(at, 2) ?? [];
    expect(value).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(sent).toEqual(without);
  });

  it('dials the server that needs no proxy', async () => {
    const { origin, port } = await httpServer();
    const agent = nodeHttpAgent('http://127.0.0.1:9', '127.0.0.1');

    const { recorder } = await tracedNode(origin, { agent });

    expect(recorder.only('getConn')).toEqual([`127.0.0.1:${port}`]);
    expect(recorder.only('connectDone')).toEqual(['tcp', `127.0.0.1:${port}`]);
  });
});
