import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { http2Server, httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import {
  connected,
  connectionsAreIdle,
  dialled,
  durations,
  EXCHANGE,
  gotIdle,
  gotNew,
  lookedUp,
  requested,
  wanted,
} from '../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();
const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((found) => found?.address === '::1');

/** Newer releases of OpenSSL agree on a key exchange that has no curve. */
const TRUSTING = { ca: CA, ecdhCurve: 'X25519' };

const TLS13 = {
  'tls.protocol.name': 'tls',
  'tls.protocol.version': '1.3',
  'tls.cipher': 'TLS_AES_256_GCM_SHA384',
  'tls.curve': 'X25519',
  'tls.resumed': false,
  'tls.established': true,
};

describe.each(UNDICI_FLAVOURS)('$name: the span of a request', (flavour) => {
  function agentOf(options: ConstructorParameters<typeof flavour.Agent>[0] = {}) {
    const agent = new flavour.Agent(options);
    onTestFinished(() => agent.destroy());
    return agent;
  }

  async function get(url: string, dispatcher = agentOf()): Promise<void> {
    await (await flavour.fetch(url, { dispatcher })).text();
  }

  it('on a new connection, by name, over TLS', async () => {
    const { port } = await httpsServer();
    telemetry.instrument();
    await get(`https://localhost:${port}/a?b=c`, agentOf({ connect: TRUSTING }));
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        ...requested(`https://localhost:${port}`, '/a?b=c'),
        ...connected(port),
        ...durations('getconn', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'),
        'http.response.status_code': 200,
      },
      events: [
        wanted('localhost', port),
        ...lookedUp('localhost'),
        ...dialled(port),
        ['http.tls.start', { 'server.address': 'localhost' }],
        ['http.tls.done', { ...TLS13, 'tls.next_protocol': 'http/1.1' }],
        gotNew(port),
        ...EXCHANGE,
      ],
    });
  });

  it('on a connection that lay in the pool', async () => {
    const { port, origin } = await httpServer();
    const agent = agentOf();
    await get(`${origin}/first`, agent);
    await connectionsAreIdle();
    telemetry.instrument();
    await get(`${origin}/second`, agent);
    await connectionsAreIdle();
    await get(`${origin}/third`, agent);
    const exchange = {
      ...durations('getconn', 'send', 'wait', 'receive'),
      'http.response.status_code': 200,
      ...connected(port, { 'http.conn.reused': true }),
    };
    expect(await telemetry.shown()).toEqual([
      // The connection is older than the instrumentation: for how long it was idle is not known.
      {
        name: 'GET',
        kind: 'CLIENT',
        status: { code: 'UNSET' },
        attributes: { ...requested(origin, '/second'), ...exchange },
        events: [
          wanted('127.0.0.1', port),
          gotNew(port, { 'http.conn.reused': true, 'http.conn.wasidle': true }),
          ...EXCHANGE,
        ],
      },
      {
        name: 'GET',
        kind: 'CLIENT',
        status: { code: 'UNSET' },
        attributes: { ...requested(origin, '/third'), ...exchange },
        events: [wanted('127.0.0.1', port), gotIdle(port), ...EXCHANGE],
      },
    ]);
  });

  it.runIf(hasIPv6)('to an IPv6 address', async () => {
    const server = createServer((_req, res) => res.end('ok')).listen(0, '::1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    telemetry.instrument();
    await get(`http://[::1]:${port}/`);
    const peer = { 'network.peer.address': '::1', 'network.peer.port': port };
    const dial = { ...peer, 'network.transport': 'tcp', 'network.type': 'ipv6' };
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        'http.request.method': 'GET',
        'url.full': `http://[::1]:${port}/`,
        'server.address': '::1',
        'server.port': port,
        ...connected(port, peer),
        ...durations('getconn', 'connect', 'send', 'wait', 'receive'),
        'http.response.status_code': 200,
      },
      events: [
        wanted('::1', port),
        ['http.connect.start', dial],
        ['http.connect.done', dial],
        gotNew(port, { ...peer, 'network.local.address': '::1' }),
        ...EXCHANGE,
      ],
    });
  });

  it('through a unix socket', async () => {
    const path = await unixPath();
    await listen(
      createServer((_req, res) => res.end('ok')),
      path,
    );
    telemetry.instrument();
    await get('http://localhost/over/unix', agentOf({ connect: { socketPath: path } }));
    const dial = { 'network.transport': 'unix', 'network.peer.address': path };
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        'http.request.method': 'GET',
        'url.full': 'http://localhost/over/unix',
        'server.address': 'localhost',
        'server.port': 80,
        'network.peer.address': path,
        'network.protocol.version': '1.1',
        'http.conn.reused': false,
        ...durations('getconn', 'connect', 'send', 'wait', 'receive'),
        'http.response.status_code': 200,
      },
      events: [
        wanted('localhost', 80),
        ['http.connect.start', dial],
        ['http.connect.done', dial],
        [
          'http.getconn.done',
          {
            'network.peer.address': path,
            'network.protocol.version': '1.1',
            'http.conn.reused': false,
            'http.conn.wasidle': false,
          },
        ],
        ...EXCHANGE,
      ],
    });
  });

  it('with HTTP/2', async () => {
    const { port } = await http2Server();
    telemetry.instrument();
    await get(`https://localhost:${port}/`, agentOf({ allowH2: true, connect: TRUSTING }));
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        ...requested(`https://localhost:${port}`, '/'),
        ...connected(port, { 'network.protocol.version': '2' }),
        ...durations('getconn', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'),
        'http.response.status_code': 200,
      },
      events: [
        wanted('localhost', port),
        ...lookedUp('localhost'),
        ...dialled(port),
        ['http.tls.start', { 'server.address': 'localhost' }],
        ['http.tls.done', { ...TLS13, 'tls.next_protocol': 'h2' }],
        gotNew(port, { 'network.protocol.version': '2' }),
        ...EXCHANGE,
      ],
    });
  });

  it('names the server that was asked for in the handshake', async () => {
    const { port } = await httpsServer(undefined, certificate('wrong-host'));
    telemetry.instrument();
    const connect = { ...TRUSTING, servername: 'elsewhere.example' };
    await get(`https://localhost:${port}/`, agentOf({ connect }));
    const { events } = await telemetry.onlyShown();
    expect(events.find(([name]) => name === 'http.tls.start')).toEqual([
      'http.tls.start',
      { 'server.address': 'elsewhere.example' },
    ]);
  });
});

async function unixPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'httptrace-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, 'socket');
}
