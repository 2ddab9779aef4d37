import type { LookupFunction } from 'node:net';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { nodeRequest } from '../../support/clients/node-clients.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import {
  answering,
  onEachHead,
  rawServer,
  refusedPort,
  silentServer,
} from '../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { CLIENT_KINDS, internal, useDrawnSpans } from '../../support/telemetry/drawn-spans.js';
import { SOME_NUMBER } from '../../support/telemetry/expected-span.js';
import type { ShownTree } from '../../support/telemetry/span-tree.js';
import { seconds } from '../../support/telemetry/telemetry.js';

const { telemetry, record, trees } = useDrawnSpans();

/** Names and statuses of the spans under a request, each under its own. */
type Drawn = [name: string, status: string, parts?: Drawn[]];

function drawn({ children }: Pick<ShownTree, 'children'>): Drawn[] {
  return children.map((child) => {
    const { name, status } = child;
    return child.children.length === 0 ? [name, status] : [name, status, drawn(child)];
  });
}

async function onlyTree(): Promise<ShownTree> {
  const all = await trees();
  const [tree] = all;
  if (tree === undefined || all.length > 1) {
    throw new Error(`${all.length} trees`);
  }
  return tree;
}

/** What differs between how long a phase's span is and what the request's attribute says, in microseconds. */
function differences(spans: readonly ReadableSpan[], phases: readonly string[]): number[] {
  const request = spans.find(({ name }) => name === 'GET');
  return phases.map((phase) => {
    const span = spans.find(({ name }) => name === `http.${phase}`);
    const told = request?.attributes[`httptrace.${phase}.duration`];
    return Math.abs(Number(told) - seconds(span?.duration ?? [Number.NaN, 0])) * 1e6;
  });
}

const UNSET_EXCHANGE: Drawn[] = [
  ['http.send', 'UNSET'],
  ['http.wait', 'UNSET'],
  ['http.receive', 'UNSET'],
];

describe.each(CLIENT_KINDS)("phases: 'spans' with $name", ({ client }) => {
  it('draws a new connection and what is done on it, each as long as its attribute says', async () => {
    const { port } = await httpsServer();
    record({ phases: 'spans' });
    await client(`https://localhost:${port}`, { ca: CA }).ask('/');
    const request = await onlyTree();
    const dialled = {
      'network.transport': 'tcp',
      'network.type': 'ipv4',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': port,
    };
    expect(request.events).toEqual([]);
    expect(request.children).toEqual([
      internal('http.getconn', {
        attributes: {
          'server.address': 'localhost',
          'server.port': port,
          'network.peer.address': '127.0.0.1',
          'network.peer.port': port,
          'network.local.address': '127.0.0.1',
          'network.local.port': SOME_NUMBER,
          'network.protocol.version': '1.1',
          'http.conn.reused': false,
          'http.conn.wasidle': false,
        },
        children: [
          internal('http.dns', {
            attributes: {
              'dns.question.name': 'localhost',
              'dns.answers': expect.arrayContaining(['127.0.0.1']),
            },
          }),
          internal('http.connect', { attributes: dialled }),
          internal('http.tls', {
            attributes: expect.objectContaining({
              'server.address': 'localhost',
              'tls.protocol.version': '1.3',
              'tls.established': true,
            }),
          }),
        ],
      }),
      internal('http.send'),
      internal('http.wait'),
      internal('http.receive'),
    ]);
    const phases = ['getconn', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'];
    for (const difference of differences(await telemetry.all(), phases)) {
      expect(difference).toBeLessThan(2);
    }
  });

  it('draws no dial for a connection that is there', async () => {
    const { origin } = await httpServer();
    record({ phases: 'spans' });
    const one = client(origin);
    await one.ask('/first');
    await one.ask('/second');
    const [, second] = await trees();
    expect(second?.children[0]?.attributes).toMatchObject({ 'http.conn.reused': true });
    expect(drawn(second ?? internal(''))).toEqual([['http.getconn', 'UNSET'], ...UNSET_EXCHANGE]);
  });

  it('marks a dead first address, and nothing else', async () => {
    const { port } = await httpServer();
    record({ phases: 'spans' });
    // The first does not answer: nothing listens there.
    const lookup: LookupFunction = (_host, _options, done) =>
      (done as (error: null, found: { address: string; family: number }[]) => void)(null, [
        { address: '127.0.0.2', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    await client(`http://several.example:${port}`, { lookup, autoSelectFamily: true }).ask('/');
    const request = await onlyTree();
    const refused = `ERROR: connect ECONNREFUSED 127.0.0.2:${port}`;
    expect(drawn(request)).toEqual([
      [
        'http.getconn',
        'UNSET',
        [
          ['http.dns', 'UNSET'],
          ['http.connect', refused],
          ['http.connect', 'UNSET'],
        ],
      ],
      ...UNSET_EXCHANGE,
    ]);
    expect(request.children[0]?.children[1]?.attributes).toMatchObject({
      'error.type': 'ECONNREFUSED',
      'network.peer.address': '127.0.0.2',
    });
  });

  it('marks a connection that could not be had', async () => {
    const port = await refusedPort();
    record({ phases: 'spans' });
    await expect(client(`http://127.0.0.1:${port}`).ask('/')).rejects.toThrow();
    const refused = `ERROR: connect ECONNREFUSED 127.0.0.1:${port}`;
    const request = await onlyTree();
    expect(drawn(request)).toEqual([['http.getconn', refused, [['http.connect', refused]]]]);
    expect(request.children[0]?.attributes['error.type']).toBe('ECONNREFUSED');
  });

  it('marks the handshake that failed', async () => {
    const { port } = await httpsServer(undefined, certificate('expired'));
    record({ phases: 'spans' });
    await expect(client(`https://127.0.0.1:${port}`, { ca: CA }).ask('/')).rejects.toThrow();
    const failed = 'ERROR: certificate has expired';
    expect(drawn(await onlyTree())).toEqual([
      [
        'http.getconn',
        failed,
        [
          ['http.connect', 'UNSET'],
          ['http.tls', failed],
        ],
      ],
    ]);
  });

  it('marks the wait of a request that is reset', async () => {
    const { origin } = await rawServer((socket) => onEachHead(socket, () => socket.resetAndDestroy()));
    record({ phases: 'spans' });
    await expect(client(origin).ask('/')).rejects.toThrow();
    const request = await onlyTree();
    expect(drawn(request).map(([name, status]) => [name, status.split(':')[0]])).toEqual([
      ['http.getconn', 'UNSET'],
      ['http.send', 'UNSET'],
      ['http.wait', 'ERROR'],
    ]);
    expect(request.children[2]?.attributes).toEqual({ 'error.type': request.attributes['error.type'] });
  });

  it('marks the body that was cut off', async () => {
    const half = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello';
    const { origin } = await rawServer((socket) => onEachHead(socket, () => socket.end(half)));
    record({ phases: 'spans' });
    await expect(client(origin).ask('/')).rejects.toThrow();
    const receive = drawn(await onlyTree()).at(-1);
    expect([receive?.[0], receive?.[1].split(':')[0]]).toEqual(['http.receive', 'ERROR']);
  });

  it('leaves informational responses where they were: events of the request', async () => {
    const { origin } = await rawServer(
      answering('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
    );
    record({ phases: 'spans' });
    await client(origin).ask('/');
    const request = await onlyTree();
    expect(request.events).toEqual(['GOT 1xx']);
    expect(drawn(request).slice(1)).toEqual(UNSET_EXCHANGE);
  });

  it.each([
    [{ gotConn: false }, ['http.getconn', 'http.send', 'http.wait', 'http.receive']],
    [{ getConn: false, gotConn: false }, ['http.connect', 'http.send', 'http.wait', 'http.receive']],
    [{ wroteRequest: false, gotFirstResponseByte: false }, ['http.getconn', 'http.send', 'http.receive']],
    [{ wroteHeaders: false, wroteRequest: false }, ['http.getconn', 'http.wait', 'http.receive']],
    [{ gotFirstResponseByte: false, putIdleConn: false }, ['http.getconn', 'http.send', 'http.wait']],
  ])('draws what one of the two hooks at its ends is on for: %o', async (hooks, names) => {
    const { origin } = await httpServer();
    record({ phases: 'spans', hooks });
    await client(origin).ask('/');
    expect((await onlyTree()).children.map(({ name }) => name)).toEqual(names);
  });

  it('draws no part of the dial whose two hooks are off', async () => {
    const { port } = await httpsServer();
    const off = { dnsStart: false, dnsDone: false, connectStart: false, connectDone: false };
    record({ phases: 'spans', hooks: { ...off, tlsHandshakeStart: false } });
    await client(`https://localhost:${port}`, { ca: CA }).ask('/');
    const [getconn] = (await onlyTree()).children;
    expect(getconn?.children.map(({ name }) => name)).toEqual(['http.tls']);
    expect(getconn?.children[0]?.attributes).not.toHaveProperty('server.address');
  });
});

describe("phases: 'spans' of a request that its caller gives up", () => {
  it('while it waits: the wait ends there', async () => {
    const { origin, received } = await silentServer();
    record({ phases: 'spans' });
    const request = nodeRequest(origin, { agent: false });
    const closed = new Promise((resolve) => request.on('close', resolve));
    request.on('error', () => undefined).end();
    await received;
    request.destroy();
    await closed;
    expect(drawn(await onlyTree())).toEqual([
      ['http.getconn', 'UNSET', [['http.connect', 'UNSET']]],
      ...UNSET_EXCHANGE.slice(0, 2),
    ]);
  });

  it('while its name is looked up: so do the lookup and what it is part of', async () => {
    record({ phases: 'spans' });
    const request = nodeRequest('http://slow.example/', {
      agent: false,
      lookup: () => void setImmediate(() => request.destroy()),
    });
    const closed = new Promise((resolve) => request.on('close', resolve));
    request.on('error', () => undefined).end();
    await closed;
    const tree = await onlyTree();
    expect(drawn(tree)).toEqual([['http.getconn', 'UNSET', [['http.dns', 'UNSET']]]]);
    expect(tree.children[0]?.children[0]?.attributes).toEqual({ 'dns.question.name': 'slow.example' });
  });
});

it('draws how large the bodies were, if that is asked for', async () => {
  const { origin } = await httpServer((req, res) => {
    req.resume().on('end', () => res.end('12345'));
  });
  telemetry.instrument({
    client: { phases: 'spans' },
    optInAttributes: ['http.request.body.size', 'http.response.body.size'],
  });
  const response = await fetch(origin, { method: 'POST', body: 'abc' });
  await response.text();
  const sizes = (await onlyTree()).children.slice(1).map(({ attributes }) => attributes);
  expect(sizes).toEqual([{ 'http.request.body.size': 3 }, {}, { 'http.response.body.size': 5 }]);
});
