import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { closing, tracedRequest } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { tlsTunnelProxy, tunnelProxy } from '../../support/servers/proxy-server.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const DIAL = ['connectStart', 'connectDone'];
const HANDSHAKE = ['tlsHandshakeStart', 'tlsHandshakeDone'];
const SENT = ['gotConn', 'wroteHeaders', 'wroteRequest', 'gotFirstResponseByte', 'putIdleConn'];

const requestTls = { ca: CA };

describe.each(INSTALLED_UNDICI)('$name', ({ installed: { Client, ProxyAgent } }) => {
  it('tells the dial to the proxy, and the handshake behind it', async () => {
    const { origin, port: targetPort } = await httpsServer();
    const { port, tunnels } = await tunnelProxy();
    const agent = closing(new ProxyAgent({ uri: `http://127.0.0.1:${port}`, requestTls }));
    const { answered, recorder } = await tracedRequest(agent, origin);
    expect(answered?.status).toBe(200);
    expect(tunnels).toEqual([`127.0.0.1:${targetPort}`]);
    expect(recorder.hooks).toEqual(['getConn', ...DIAL, ...HANDSHAKE, ...SENT]);
    expect(recorder.only('connectStart')).toEqual(['tcp', `127.0.0.1:${port}`]);
    expect(recorder.gotConn).toMatchObject({ reused: false, wasIdle: false });
  });

  it('tells nothing more of a tunnel that is there', async () => {
    const { origin } = await httpsServer();
    const { port, tunnels } = await tunnelProxy();
    const agent = closing(new ProxyAgent({ uri: `http://127.0.0.1:${port}`, requestTls }));
    await tracedRequest(agent, origin);
    await setImmediate();
    await setImmediate();
    const { recorder } = await tracedRequest(agent, `${origin}/again`);
    expect(tunnels).toHaveLength(1);
    expect(recorder.hooks).toEqual(['getConn', ...SENT]);
    expect(recorder.gotConn).toMatchObject({ reused: true, wasIdle: true });
  });

  it('tells a tunnel without a handshake', async () => {
    const { origin } = await httpServer();
    const { port, tunnels } = await tunnelProxy();
    const agent = closing(new ProxyAgent({ uri: `http://127.0.0.1:${port}`, proxyTunnel: true }));
    const { recorder } = await tracedRequest(agent, origin);
    expect(tunnels).toHaveLength(1);
    expect(recorder.hooks).toEqual(['getConn', ...DIAL, ...SENT]);
    expect(recorder.gotConn).toMatchObject({ reused: false, wasIdle: false });
  });

  it('tells the lookup of the proxy and both handshakes', async () => {
    const { origin } = await httpsServer();
    const { port } = await tlsTunnelProxy();
    const proxyTls = { ca: CA, family: 4, autoSelectFamily: false };
    const agent = closing(new ProxyAgent({ uri: `https://localhost:${port}`, requestTls, proxyTls }));
    const { recorder } = await tracedRequest(agent, origin);
    expect(recorder.hooks).toEqual([
      ...['getConn', 'dnsStart', 'dnsDone', ...DIAL, ...HANDSHAKE],
      ...[...HANDSHAKE, ...SENT],
    ]);
    expect(recorder.only('dnsStart')).toEqual([{ host: 'localhost' }]);
  });

  it('tells each tunnel to the request that needs it', async () => {
    const { origin } = await httpsServer();
    const { port, tunnels } = await tunnelProxy();
    const agent = closing(new ProxyAgent({ uri: `http://127.0.0.1:${port}`, requestTls, allowH2: false }));
    const all = await Promise.all([1, 2, 3].map((i) => tracedRequest(agent, `${origin}/${i}`)));
    expect(all.map(({ recorder }) => recorder.hooks)).toEqual(
      Array(3).fill(['getConn', ...DIAL, ...HANDSHAKE, ...SENT]),
    );
    expect(tunnels).toHaveLength(3);
  });

  it('fails with a proxy that opens no tunnel', async () => {
    const { origin } = await httpsServer();
    const { port } = await tunnelProxy(502);
    const agent = closing(new ProxyAgent({ uri: `http://127.0.0.1:${port}`, requestTls }));
    const { error, recorder } = await tracedRequest(agent, origin);
    await ledger.settled();
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(recorder.hooks).toEqual(['getConn', ...DIAL]);
  });

  it('fails with a proxy that is not there', async () => {
    const agent = closing(new ProxyAgent({ uri: `http://127.0.0.1:${await refusedPort()}`, requestTls }));
    const { error, recorder } = await tracedRequest(agent, 'https://localhost/');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    expect(recorder.hooks).toEqual(['getConn', ...DIAL]);
    expect(recorder.only('connectDone')[2]).toBe(error);
  });

  it('fails with a target whose certificate is not trusted', async () => {
    const { origin } = await httpsServer();
    const { port } = await tunnelProxy();
    const agent = closing(new ProxyAgent({ uri: `http://127.0.0.1:${port}` }));
    const { error, recorder } = await tracedRequest(agent, origin);
    expect(recorder.hooks).toEqual(['getConn', ...DIAL, ...HANDSHAKE]);
    expect(recorder.only('tlsHandshakeDone')[1]).toBe(error);
  });

  it('tells nothing of a tunnel that the caller asks for', async () => {
    const { port: targetPort } = await httpServer();
    const { port } = await tunnelProxy();
    const client = closing(new Client(`http://127.0.0.1:${port}`));
    const recorder = new EventRecorder();
    const { socket } = await recorder.run(() => client.connect({ path: `127.0.0.1:${targetPort}` }));
    socket.destroy();
    expect(recorder.hooks).toEqual([]);
  });
});
