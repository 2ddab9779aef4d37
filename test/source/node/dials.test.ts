import { once } from 'node:events';
import * as http from 'node:http';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import * as tls from 'node:tls';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import {
  answerOf,
  askNode,
  httpAgent,
  httpsAgent,
  nodeRequest,
  tracedNode,
} from '../../support/clients/node-clients.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { seenByServer, told } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { codeOf, EventRecorder } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { onEachHead, rawServer, refusedPort } from '../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const DIAL = ['connectStart', 'connectDone'];
const SENT_AND_ANSWERED = ['wroteHeaders', 'wroteRequest', 'gotFirstResponseByte'];

describe('a request of node:http', () => {
  it('whose agent dials by a socket of its own has that dial, with its name', async () => {
    const { origin } = await httpServer();
    const { port } = new URL(origin);
    const agent = httpAgent();
    const creating = agent as http.Agent & { createConnection(): net.Socket };
    creating.createConnection = () =>
      new net.Socket().connect({ host: 'localhost', port: Number(port), family: 4 });

    const { recorder } = await tracedNode(`${origin}/own-socket`, { agent });

    expect(recorder.hooks).toEqual([
      'getConn',
      'dnsStart',
      'dnsDone',
      ...DIAL,
      'gotConn',
      ...SENT_AND_ANSWERED,
      'putIdleConn',
    ]);
  });

  it('that has nothing to send yet when its connection is there is told later of its head', async () => {
    const { origin } = await httpServer();
    const recorder = new EventRecorder();
    const request = recorder.run(() => http.request(origin, { method: 'POST', agent: httpAgent() }));
    const [socket] = (await once(request, 'socket')) as [net.Socket];
    await once(socket, 'connect');
    expect(recorder.hooks.at(-1)).toBe('gotConn');

    request.flushHeaders();
    expect(recorder.hooks.at(-1)).toBe('wroteHeaders');

    const answered = answerOf(request);
    request.end();
    await answered;
    expect(recorder.count('wroteHeaders')).toBe(1);
  });

  it('that waits for the connection of another has that connection, and no dial', async () => {
    const { origin } = await httpServer();
    const agent = httpAgent({ maxSockets: 1 });

    const [first, second] = await Promise.all([1, 2].map((n) => tracedNode(`${origin}/${n}`, { agent })));

    expect(first?.recorder.hooks).toEqual([
      'getConn',
      ...DIAL,
      'gotConn',
      ...SENT_AND_ANSWERED,
      'putIdleConn',
    ]);
    expect(second?.recorder.hooks).toEqual(['getConn', 'gotConn', ...SENT_AND_ANSWERED, 'putIdleConn']);
    expect(second?.recorder.gotConn).toMatchObject({ reused: true, wasIdle: false, idleTime: 0 });
  });

  it('is told how long its connection lay idle', async () => {
    const { origin } = await httpServer();
    const agent = httpAgent();
    await askNode(origin, { agent });
    await setTimeout(30);

    const { recorder } = await tracedNode(`${origin}/idle`, { agent });

    expect(recorder.gotConn).toMatchObject({ reused: true, wasIdle: true });
    expect(recorder.gotConn.idleTime).toBeGreaterThan(25);
    expect(recorder.gotConn.idleTime).toBeLessThan(2_000);
  });

  it('that waits behind a connection which is closed has a dial of its own', async () => {
    const { origin } = await httpServer((_req, res) => res.setHeader('connection', 'close').end());
    const agent = httpAgent({ maxSockets: 1 });

    const all = await Promise.all([1, 2, 3].map((n) => tracedNode(`${origin}/${n}`, { agent })));

    expect(all.map(({ recorder }) => recorder.hooks)).toEqual(
      Array(3).fill(['getConn', ...DIAL, 'gotConn', ...SENT_AND_ANSWERED]),
    );
    expect(all.map(({ recorder }) => told(recorder.gotConn))).toEqual(all.map(seenByServer));
  });

  it('that was given up leaves its dial to be told, and its connection to another', async () => {
    const { origin } = await httpServer();
    const agent = httpAgent({ maxSockets: 1 });
    const recorder = new EventRecorder();
    const request = recorder.run(() => nodeRequest(`${origin}/given-up`, { agent }));
    request.on('error', () => undefined).end();
    const other = tracedNode(`${origin}/other`, { agent });
    request.destroy();

    const { recorder: second, ...answered } = await other;

    expect(recorder.hooks).toEqual(['getConn', ...DIAL]);
    expect(second.hooks).toEqual(['getConn', 'gotConn', ...SENT_AND_ANSWERED, 'putIdleConn']);
    expect(told(second.gotConn)).toEqual(seenByServer({ recorder: second, ...answered }));
    expect(second.gotConn.reused).toBe(false);
  });

  it('that fails on a connection which the server has closed meanwhile is told so, and its retry dials', async () => {
    const server = await rawServer((socket) =>
      onEachHead(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
    );
    const agent = httpAgent();
    await askNode(server.origin, { agent });
    const [socket] = server.connections;
    socket?.removeAllListeners('data').on('data', () => socket.resetAndDestroy());

    const stale = await tracedNode(`${server.origin}/stale`, { agent });
    const retried = await tracedNode(`${server.origin}/retried`, { agent });

    expect(codeOf(stale.error)).toBe('ECONNRESET');
    expect(stale.recorder.hooks).toEqual(['getConn', 'gotConn', 'wroteHeaders', 'wroteRequest']);
    expect(stale.recorder.gotConn.reused).toBe(true);
    expect(retried.recorder.hooks).toEqual([
      'getConn',
      ...DIAL,
      'gotConn',
      ...SENT_AND_ANSWERED,
      'putIdleConn',
    ]);
  });

  it('tries the addresses of a name in turn, and tells of each', async () => {
    const { port } = await httpServer();
    const { recorder } = await tracedNode(`http://two.example:${port}/`, {
      autoSelectFamily: true,
      lookup: (_name, _options, done) =>
        setImmediate().then(() =>
          done(null, [
            { address: '127.0.0.2', family: 4 },
            { address: '127.0.0.1', family: 4 },
          ]),
        ),
    });

    expect(recorder.dnsDone.addrs).toEqual([
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]);
    expect(recorder.all('connectDone').map(([network, addr, err]) => [network, addr, codeOf(err)])).toEqual([
      ['tcp', `127.0.0.2:${port}`, 'ECONNREFUSED'],
      ['tcp', `127.0.0.1:${port}`, undefined],
    ]);
    expect(recorder.hooks).toEqual([
      'getConn',
      'dnsStart',
      'dnsDone',
      ...DIAL,
      ...DIAL,
      'gotConn',
      ...SENT_AND_ANSWERED,
      'putIdleConn',
    ]);
  });

  it('tells of the dial to a unix socket', async () => {
    const path = join(tmpdir(), `httptrace-${process.pid}-${Date.now()}.sock`);
    const server = http.createServer((_req, res) => res.end());
    await listen(server, path);

    const kept = await tracedNode('http://localhost/kept', { socketPath: path, agent: httpAgent() });
    const own = await tracedNode('http://localhost/own', {
      createConnection: () => net.connect(path),
    });

    expect(kept.recorder.hooks).toEqual(['getConn', ...DIAL, 'gotConn', ...SENT_AND_ANSWERED, 'putIdleConn']);
    expect(kept.recorder.only('connectStart')).toEqual(['unix', path]);
    expect(kept.recorder.only('connectDone')).toEqual(['unix', path]);
    expect(own.recorder.hooks).toEqual(['getConn', ...DIAL, 'gotConn', ...SENT_AND_ANSWERED]);
    expect(own.recorder.only('connectDone')).toEqual(['unix', path]);
  });

  it('resumes a TLS session on its second connection', async () => {
    const server = await httpsServer((_req, res) => res.setHeader('connection', 'close').end());
    const agent = httpsAgent({ ca: CA, maxVersion: 'TLSv1.2' });
    const url = `https://localhost:${server.port}`;

    const first = await tracedNode(`${url}/1`, { agent });
    const second = await tracedNode(`${url}/2`, { agent });

    expect(first.recorder.tlsState).toMatchObject({ version: 'TLSv1.2', didResume: false, authorized: true });
    expect(second.recorder.tlsState).toMatchObject({ version: 'TLSv1.2', didResume: true });
  });

  it('tells of the handshake over a connection that the program brings', async () => {
    const { port } = await httpsServer();
    const carrier = net.connect(port, '127.0.0.1');
    await once(carrier, 'connect');

    const { recorder } = await tracedNode(`https://localhost:${port}/`, {
      createConnection: () => tls.connect({ socket: carrier, ca: CA, servername: 'localhost' }),
    });

    expect(recorder.hooks).toEqual([
      'getConn',
      'tlsHandshakeStart',
      'tlsHandshakeDone',
      'gotConn',
      ...SENT_AND_ANSWERED,
    ]);
  });

  it('is not told of connections that others make while it waits', async () => {
    const { origin, port } = await httpServer();
    const refused = await refusedPort();
    const agent = httpAgent({ maxSockets: 1 });
    const first = tracedNode(`${origin}/first`, { agent });
    const second = tracedNode(`${origin}/second`, { agent });
    const others = [net.connect(port, '127.0.0.1'), net.connect(refused, '127.0.0.1')];
    for (const socket of others) {
      socket.on('error', () => undefined).on('connect', () => socket.destroy());
    }

    await Promise.all([first, second]);

    expect((await second).recorder.count('connectStart')).toBe(0);
    expect(ledger.count('connectStart')).toBe(1);
  });

  it('is told of what it looks up by another request nothing but the result', async () => {
    const resolver = await httpServer((_req, res) => res.end('127.0.0.1'));
    const { port } = await httpServer();
    const inner = new EventRecorder();
    const { recorder } = await tracedNode(`http://target.example:${port}/outer`, {
      autoSelectFamily: false,
      lookup: (_name, _options, done) => {
        inner
          .run(() => askNode(`${resolver.origin}/inner`, { agent: false }), ROOT_CONTEXT)
          .then(({ body }) => done(null, body, 4));
      },
    });

    expect(inner.all('connectStart')).toEqual([['tcp', `127.0.0.1:${resolver.port}`]]);
    expect(recorder.all('connectStart')).toEqual([['tcp', `127.0.0.1:${port}`]]);
    expect(recorder.dnsDone.addrs).toEqual([{ address: '127.0.0.1', family: 4 }]);
  });

  it('that fails before anything is dialled is over, and its error goes to the program', async () => {
    const recorder = new EventRecorder();
    expect(() => recorder.run(() => http.get({ host: '127.0.0.1', port: 65_536, path: '/never' }))).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }),
    );
    await ledger.settled();
    expect(recorder.hooks).toEqual(['getConn']);
    expect(ledger.of('/never').facts.at(-1)?.name).toBe('failed');
  });
});

describe('putIdleConn of node:http', () => {
  it('is not called when the agent keeps enough connections already', async () => {
    const { origin } = await httpServer();
    const agent = httpAgent({ maxFreeSockets: 1 });

    const all = await Promise.all([1, 2, 3].map((n) => tracedNode(`${origin}/${n}`, { agent })));

    expect(all.map(({ recorder }) => recorder.count('putIdleConn')).sort()).toEqual([0, 0, 1]);
  });

  it.each([
    ['the agent keeps none', { keepAlive: false }, {}],
    ['there is no agent', { keepAlive: true }, { createConnection: net.connect as never, agent: undefined }],
  ])('is not called when %s', async (_name, options, asking) => {
    const { origin } = await httpServer();
    const { recorder } = await tracedNode(origin, { agent: httpAgent(options), ...asking });
    expect(recorder.hooks.at(-1)).toBe('gotFirstResponseByte');
  });

  it('is not called when the server says how long it keeps connections, and that is too short', async () => {
    const { origin } = await httpServer((_req, res) => res.setHeader('keep-alive', 'timeout=1').end());
    const { recorder } = await tracedNode(origin, { agent: httpAgent() });
    expect(recorder.hooks.at(-1)).toBe('gotFirstResponseByte');
  });

  it('is called only when the request is written, however early the response', async () => {
    const { origin } = await httpServer();
    const recorder = new EventRecorder();
    const request = recorder.run(() => nodeRequest(origin, { agent: httpAgent(), method: 'POST' }));
    request.write('begun');
    const answer = await answerOf(request);
    expect(answer.body).toBe('ok');
    expect(recorder.count('putIdleConn')).toBe(0);
    request.end();
    await recorder.until('putIdleConn');
  });
});
