import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CA } from '../../../support/servers/certificates.js';
import { listen } from '../../../support/servers/listen.js';
import { httpServer, httpsServer } from '../../../support/servers/truthful-server.js';
import {
  CLIENT_KINDS,
  internal,
  setUp,
  socketConnect,
  useDrawnSpans,
} from '../../../support/telemetry/drawn-spans.js';
import { connected, durations, requested } from '../../../support/telemetry/expected-span.js';
import type { ShownTree } from '../../../support/telemetry/span-tree.js';

const { telemetry, record, trees } = useDrawnSpans();

const EXCHANGE = ['http.send.start', 'http.send.done', 'http.receive.start', 'http.receive.done'];

const LOOKUP = internal('DNS lookup localhost', {
  attributes: { 'dns.question.name': 'localhost', 'dns.answers': ['127.0.0.1'] },
});

describe.each(CLIENT_KINDS)('$name', ({ client }) => {
  it('a new connection by name', async () => {
    const { port } = await httpServer();
    record();
    await client(`http://localhost:${port}`).ask('/a');
    const name = `HTTP connection_setup localhost:${port}`;
    expect(await trees()).toEqual([
      {
        name: 'GET',
        kind: 'CLIENT',
        status: 'UNSET',
        attributes: {
          ...requested(`http://localhost:${port}`, '/a'),
          ...connected(port),
          ...durations('getconn', 'dns', 'connect', 'send', 'wait', 'receive'),
          'http.response.status_code': 200,
        },
        events: EXCHANGE,
        links: [name],
        children: [internal(`HTTP wait_for_connection localhost:${port}`)],
      },
      internal(name, {
        attributes: { ...setUp('localhost', port, 'http'), 'network.peer.address': '127.0.0.1' },
        children: [LOOKUP, socketConnect(port)],
      }),
    ]);
  });

  it('a new connection over TLS', async () => {
    const { port } = await httpsServer();
    record();
    await client(`https://localhost:${port}`, { ca: CA }).ask('/a');
    const [request, setup] = await trees();
    expect(request?.attributes).toHaveProperty('httptrace.tls.duration');
    expect(request?.links).toEqual([setup?.name]);
    expect(setup).toEqual(
      internal(`HTTP connection_setup localhost:${port}`, {
        attributes: { ...setUp('localhost', port, 'https'), 'network.peer.address': '127.0.0.1' },
        children: [
          LOOKUP,
          socketConnect(port),
          internal('TLS client handshake localhost', {
            attributes: {
              'server.address': 'localhost',
              'tls.protocol.name': 'tls',
              'tls.protocol.version': '1.3',
            },
          }),
        ],
      }),
    );
  });

  it('in a span of the program: the request is its child, and the set-up a trace of its own', async () => {
    const { port, origin } = await httpServer();
    record();
    await telemetry.within(() => client(origin).ask('/'));
    const setup = `HTTP connection_setup 127.0.0.1:${port}`;
    // The program's span is timed by a clock of its own, so which of the two began first is not certain.
    const [ofConnection, ofProgram, ...more] = (await trees()).sort((a, b) => a.name.localeCompare(b.name));
    expect(more).toEqual([]);
    expect(ofConnection).toMatchObject({
      name: setup,
      children: [{ name: `socket connect 127.0.0.1:${port}` }],
    });
    expect(ofProgram).toMatchObject({ name: 'program', children: [{ name: 'GET', links: [setup] }] });
  });

  it('a reused connection is linked, and was not waited for', async () => {
    const { port, origin } = await httpServer();
    record();
    const one = client(origin);
    await one.ask('/first');
    await one.ask('/second');
    const [first, , second, ...more] = (await trees()).sort((a, b) => order(a) - order(b));
    expect(more).toEqual([]);
    expect(first?.children).toHaveLength(1);
    expect(second).toMatchObject({
      attributes: { 'http.conn.reused': true },
      links: [`HTTP connection_setup 127.0.0.1:${port}`],
      children: [],
    });
  });

  it('a queued request waits, on the connection of another', async () => {
    const { port, origin } = await httpServer();
    record();
    const one = client(origin);
    await Promise.all([one.ask('/first'), one.ask('/second')]);
    const all = await trees();
    const waiting = internal(`HTTP wait_for_connection 127.0.0.1:${port}`);
    const setup = `HTTP connection_setup 127.0.0.1:${port}`;
    expect(all.map(({ name, children, links }) => ({ name, children, links })).sort(byName)).toEqual([
      { name: 'GET', children: [waiting], links: [setup] },
      { name: 'GET', children: [waiting], links: [setup] },
      { name: setup, children: [socketConnect(port)], links: [] },
    ]);
  });

  it('a unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'httptrace-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const path = join(directory, 'socket');
    await listen(
      createServer((_req, res) => res.end('hello')),
      path,
    );
    record();
    await client('http://localhost', { socketPath: path }).ask('/');
    const [request, setup] = await trees();
    expect(request?.links).toEqual(['HTTP connection_setup localhost:80']);
    expect(setup).toEqual(
      internal('HTTP connection_setup localhost:80', {
        attributes: setUp('localhost', 80, 'http'),
        children: [
          internal(`socket connect ${path}`, {
            attributes: { 'network.peer.address': path, 'network.transport': 'unix' },
          }),
        ],
      }),
    );
  });
});

/** Requests in the order of their paths, each set-up after the first. */
function order({ name, attributes }: ShownTree): number {
  const path = String(attributes['url.full'] ?? '');
  return path.endsWith('/first') ? 0 : name === 'GET' ? 2 : 1;
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name.localeCompare(b.name);
}
