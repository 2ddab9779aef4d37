import * as http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { http2Server, httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { httptrace } from '../bin.js';

describe('--http2', () => {
  it('agrees on h2, and draws the same phases', async () => {
    const { port } = await http2Server();
    const { exitCode, labels, stderr } = await httptrace(['--http2', '-4', `https://localhost:${port}/`]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(labels).toEqual([
      'GET https://localhost:PORT/',
      '│ HTTP/2',
      '├ getconn new connection',
      '│ ├ dns     localhost → 127.0.0.1',
      '│ ├ connect 127.0.0.1:PORT',
      '│ └ tls     TLS 1.3 · h2',
      '├ send',
      '├ wait',
      '└ receive 2 B',
    ]);
  });

  it('sends further requests over the same session', async () => {
    const server = await http2Server();
    const { stdout } = await httptrace(['--http2', '--json', '--repeat', '3', server.origin]);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ reused, protocol }) => [reused, protocol])).toEqual([
      [false, 'HTTP/2'],
      [true, 'HTTP/2'],
      [true, 'HTTP/2'],
    ]);
    expect(server.connections).toHaveLength(1);
  });

  it('sends headers and a body', async () => {
    const seen: unknown[] = [];
    const { origin } = await http2Server(async (req, res) => {
      seen.push([req.method, req.url, req.headers['x-one'], req.headers.connection, await text(req)]);
      res.end();
    });
    await httptrace(['--http2', '-H', 'X-One: 1', '-H', 'Connection: close', '-d', 'a=1', `${origin}/p?q`]);
    expect(seen).toEqual([['POST', '/p?q', '1', undefined, 'a=1']]);
  });

  it('shows informational responses', async () => {
    const { origin } = await http2Server((_req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload' });
      res.end('ok');
    });
    const { labels } = await httptrace(['--http2', origin]);
    expect(labels.filter((label) => /103/.test(label))).toEqual(['│ └ 103 Early Hints']);
  });

  it('goes on by HTTP/1.1 over the connection that it has, if the server does not agree', async () => {
    const server = await httpsServer();
    const { exitCode, labels } = await httptrace(['--http2', '--repeat', '2', server.origin]);
    expect(exitCode).toBe(0);
    expect(labels.filter((label) => /HTTP|getconn|tls/.test(label))).toEqual([
      '│ HTTP/1.1',
      '├ getconn new connection',
      '│ └ tls     TLS 1.3 · http/1.1',
      '│ HTTP/1.1 · 127.0.0.1:PORT',
      '├ getconn reused after N ms idle',
    ]);
    expect(server.connections).toHaveLength(1);
  });

  it('speaks HTTP/2 to an http URL without asking', async () => {
    const port = await listen(http2.createServer((_req, res) => res.end('ok')));
    const { exitCode, labels } = await httptrace(['--http2', `http://127.0.0.1:${port}/`]);
    expect([exitCode, labels[1]]).toEqual([0, '│ HTTP/2']);
  });

  it.each([
    ['60 for a bad certificate', async () => httpsServer(undefined, certificate('expired')), 60, 'tls'],
    ['16 for a server that speaks only HTTP/1.1 in plain text', async () => httpServer(), 16, 'wait'],
    ['28 for one that does not answer', async () => http2Server(() => undefined), 28, 'wait'],
    [
      '92 for a stream that is reset',
      async () => http2Server((req) => req.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR)),
      92,
      'wait',
    ],
  ])('%s', async (_what, start, exitCode, phase) => {
    const { origin } = await start();
    const finished = await httptrace(['--http2', '--max-time', '0.5', origin]);
    expect(finished.stderr).toMatch(/^httptrace: [^\n]+\n$/);
    expect(finished.exitCode).toBe(exitCode);
    expect(finished.labels.some((label) => label.includes(`${phase} `) && label.includes('✗'))).toBe(true);
  });

  it('7 for a port where nobody listens', async () => {
    expect((await httptrace(['--http2', 'https://127.0.0.1:9/'])).exitCode).toBe(7);
  });
});
