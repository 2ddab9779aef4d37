import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createSecureServer } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { blackHole } from '../../support/servers/black-hole.js';
import { certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { tunnelProxy } from '../../support/servers/proxy-server.js';
import { http2Server, httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { CA_FILE, httptrace } from '../bin.js';

/** Without the authorities that the tests trust otherwise. */
const TRUSTING_NOBODY = { NODE_EXTRA_CA_CERTS: '' };

interface SeenRequest {
  target: string | undefined;
  headers: IncomingMessage['headers'];
}

/** A proxy for http URLs that answers by itself, and what it was asked for. */
async function plainProxy(): Promise<{ port: number; seen: SeenRequest[] }> {
  const seen: SeenRequest[] = [];
  const port = await listen(
    createServer(({ url, headers }, res) => {
      seen.push({ target: url, headers });
      res.end('of the proxy');
    }),
  );
  return { port, seen };
}

describe('the protocol', () => {
  it('is HTTP/2 where an https server offers it', async () => {
    const { origin } = await http2Server();
    expect((await httptrace([origin])).labels).toContain('│ HTTP/2');
  });

  it('is HTTP/1.1 with --http1.1, whatever the server offers', async () => {
    const both = createSecureServer({ ...certificate('localhost'), allowHTTP1: true }, (_req, res) => {
      res.end('ok');
    });
    const url = `https://localhost:${await listen(both)}/`;
    expect((await httptrace([url])).labels).toContain('│ HTTP/2');
    expect((await httptrace(['--http1.1', url])).labels).toContain('│ HTTP/1.1');
  });
});

describe('--cacert', () => {
  it('trusts the authorities in the file', async () => {
    const { origin } = await httpsServer();
    expect((await httptrace([origin], { env: TRUSTING_NOBODY })).exitCode).toBe(60);
    expect((await httptrace(['--cacert', CA_FILE, origin], { env: TRUSTING_NOBODY })).exitCode).toBe(0);
  });

  it('is 77 where the file cannot be read', async () => {
    expect(await httptrace(['--cacert', '/no/such', 'https://127.0.0.1:9/'])).toMatchObject({
      exitCode: 77,
      stdout: '',
      stderr: expect.stringMatching(/^httptrace: cannot read the certificates of --cacert: ENOENT[^\n]+\n$/),
    });
  });
});

describe('--resolve', () => {
  it('dials the address for the name, which the certificate is for all the same', async () => {
    const { port } = await httpsServer();
    const { exitCode, labels } = await httptrace([
      ...['--resolve', `localhost:${port}:127.0.0.1`, '--resolve', 'a.example:1:192.0.2.1'],
      `https://localhost:${port}/`,
    ]);
    expect(exitCode).toBe(0);
    expect(labels).toContain('│ ├ dns     localhost → 127.0.0.1');
  });

  it('asks no resolver, which does not know the name', async () => {
    const { port } = await httpServer();
    const { exitCode } = await httptrace([
      '--resolve',
      `*:${port}:127.0.0.1`,
      `http://nobody.invalid:${port}/`,
    ]);
    expect(exitCode).toBe(0);
  });
});

describe('--connect-to', () => {
  it('dials another server, and asks it for the host of the URL', async () => {
    const hosts: unknown[] = [];
    const { port } = await httpServer((req, res) => {
      hosts.push(req.headers.host);
      res.end();
    });
    const { exitCode, labels } = await httptrace([
      '--connect-to',
      `::127.0.0.1:${port}`,
      'http://a.example/',
    ]);
    expect([exitCode, hosts]).toEqual([0, ['a.example']]);
    expect(labels).toContain('│ └ connect 127.0.0.1:PORT');
  });

  it('says nothing of other hosts', async () => {
    const { port } = await httpServer();
    const { exitCode } = await httptrace([
      ...['--connect-to', `a.example:80:127.0.0.1:${port}`],
      'http://127.0.0.1:9/',
    ]);
    expect(exitCode).toBe(7);
  });

  it('does not accept a certificate of the server that is dialled for the one that is asked for', async () => {
    const { port } = await httpsServer();
    const to = ['--connect-to', `::127.0.0.1:${port}`];
    expect((await httptrace([...to, 'https://elsewhere.example/'])).exitCode).toBe(60);
    expect((await httptrace([...to, 'https://localhost/'])).exitCode).toBe(0);
  });
});

describe('--unix-socket', () => {
  it('dials it, and shows its path', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'httptrace-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, 'socket');
    await listen(
      createServer((_req, res) => res.end('ok')),
      path,
    );
    const { exitCode, labels } = await httptrace(['--unix-socket', path, 'http://a.example/']);
    expect(exitCode).toBe(0);
    expect(labels).toContain(`│ └ connect ${path}`);
  });

  it('names a path where nobody listens', async () => {
    expect(await httptrace(['--unix-socket', '/no/socket', 'http://a.example/'])).toMatchObject({
      exitCode: 7,
      stderr: 'httptrace: cannot connect to /no/socket (ENOENT); check the address and the network\n',
    });
  });
});

describe('a proxy', () => {
  it('is asked for an http URL as a whole', async () => {
    const { port, seen } = await plainProxy();
    const { exitCode, stdout, stderr } = await httptrace([
      ...['-x', `127.0.0.1:${port}`, '-U', 'me:secret', '-o', '-'],
      'http://a.example/b?c',
    ]);
    expect([exitCode, stdout]).toEqual([0, 'of the proxy']);
    expect(seen).toEqual([
      {
        target: 'http://a.example/b?c',
        headers: expect.objectContaining({
          host: 'a.example',
          'proxy-authorization': `Basic ${btoa('me:secret')}`,
        }),
      },
    ]);
    expect(stderr).toMatch(/^GET http:\/\/a\.example\/b\?c /);
  });

  it('opens a tunnel for an https URL, in which the TLS handshake is with the server', async () => {
    const { port } = await http2Server();
    const proxy = await tunnelProxy();
    const { exitCode, labels } = await httptrace([
      '-x',
      `127.0.0.1:${proxy.port}`,
      `https://localhost:${port}/`,
    ]);
    expect([exitCode, proxy.tunnels]).toEqual([0, [`localhost:${port}`]]);
    expect(labels.slice(1, 5)).toEqual([
      '│ HTTP/2',
      '├ getconn new connection',
      '│ ├ connect 127.0.0.1:PORT',
      '│ └ tls     TLS 1.3 · h2',
    ]);
  });

  it('that refuses the tunnel is 56, in getconn', async () => {
    const proxy = await tunnelProxy(407);
    const { exitCode, stderr, labels } = await httptrace([
      '-x',
      `127.0.0.1:${proxy.port}`,
      'https://a.example/',
    ]);
    expect(exitCode).toBe(56);
    expect(stderr).toBe('httptrace: the proxy answered 407 to CONNECT for a.example:443\n');
    expect(labels.at(-1)).toMatch(/^└ ✗ \w+ in getconn: the proxy answered 407 to CONNECT$/);
  });

  it('that cannot be resolved is 5', async () => {
    const { exitCode, stderr } = await httptrace(['-x', 'nobody.invalid:1', 'http://a.example/']);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/^httptrace: cannot resolve the proxy nobody\.invalid /);
  });

  it('comes from the environment, unless an option or no_proxy says otherwise', async () => {
    const { port, seen } = await plainProxy();
    const { origin } = await httpServer();
    const env = { http_proxy: `http://127.0.0.1:${port}` };
    const runs: [string[], NodeJS.ProcessEnv][] = [
      [[], env],
      [['-x', ''], env],
      [['--noproxy', '127.0.0.1'], env],
      [[], { ...env, no_proxy: '127.0.0.0/8' }],
      [[], { HTTP_PROXY: env.http_proxy }],
      [[], { ALL_PROXY: env.http_proxy }],
    ];
    const bodies: string[] = [];
    for (const [args, variables] of runs) {
      bodies.push((await httptrace(['-o', '-', ...args, origin], { env: variables })).stdout);
    }
    expect(bodies).toEqual(['of the proxy', 'ok', 'ok', 'ok', 'ok', 'of the proxy']);
    expect(seen).toHaveLength(2);
  });
});

describe('--connect-timeout', () => {
  it('is 28, and names the phase that took too long', async () => {
    const port = await blackHole();
    const { exitCode, stderr } = await httptrace(['--connect-timeout', '0.2', `https://127.0.0.1:${port}/`]);
    expect(exitCode).toBe(28);
    expect(stderr).toMatch(
      /^httptrace: no connection to 127\.0\.0\.1:\d+ within 0\.2 s, in (tls|connect); raise --connect-timeout\n$/,
    );
  });

  it('says nothing of an answer that takes long', async () => {
    const { origin } = await httpServer((_req, res) => setTimeout(() => res.end('ok'), 400));
    expect((await httptrace(['--connect-timeout', '0.2', origin])).exitCode).toBe(0);
  });
});
