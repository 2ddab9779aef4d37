import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { certificate } from '../support/servers/certificates.js';
import { listen } from '../support/servers/listen.js';
import { httpServer, httpsServer } from '../support/servers/truthful-server.js';
import { httptrace } from './bin.js';

/** The name of the phase that is marked as failed, and what stands below the phases. */
function failed(labels: string[]): [string | undefined, string | undefined] {
  const phases = labels.map((label) => /(\w+) +✗ /.exec(label)?.[1]);
  return [
    phases.filter((phase) => phase !== undefined).at(-1),
    labels.find((label) => label.startsWith('└')),
  ];
}

describe('a failure is drawn on stdout, told in one line on stderr, and has an exit code', () => {
  it('6 for a host that does not exist', async () => {
    const { exitCode, stderr, labels } = await httptrace(['http://nobody.invalid/']);
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(/^httptrace: cannot resolve nobody\.invalid \((ENOTFOUND|EAI_AGAIN)\); [^\n]+\n$/);
    expect(failed(labels)).toEqual([
      'dns',
      expect.stringMatching(/^└ ✗ (ENOTFOUND|EAI_AGAIN) in dns: getaddrinfo/),
    ]);
  });

  it('7 for a port where nobody listens', async () => {
    const { exitCode, stderr, labels } = await httptrace(['http://127.0.0.1:9/']);
    expect(exitCode).toBe(7);
    expect(stderr).toBe(
      'httptrace: cannot connect to 127.0.0.1:9 (ECONNREFUSED); nothing listens on that port\n',
    );
    expect(labels).toEqual([
      'GET http://127.0.0.1:9/',
      '│ total',
      '├ getconn',
      '│ └ connect ✗ ECONNREFUSED · 127.0.0.1:9',
      '└ ✗ ECONNREFUSED in connect: connect ECONNREFUSED 127.0.0.1:9',
    ]);
  });

  it.each([
    ['wrong-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['expired', 'CERT_HAS_EXPIRED'],
  ] as const)('60 for the certificate %s, which -k accepts', async (name, code) => {
    const { port } = await httpsServer(undefined, certificate(name));
    const url = `https://localhost:${port}/`;
    const { exitCode, stderr, labels } = await httptrace([url]);
    expect(exitCode).toBe(60);
    expect(stderr).toMatch(
      new RegExp(
        `^httptrace: the certificate of localhost:${port} is not accepted \\(${code}\\): [^\\n]+; -k accepts it\\n$`,
      ),
    );
    expect(failed(labels)).toEqual(['tls', expect.stringMatching(new RegExp(`^└ ✗ ${code} in tls: `))]);
    const accepted = await httptrace(['-k', url]);
    expect(accepted.exitCode).toBe(0);
    expect(accepted.labels.join('\n')).toMatch(/^│ └ tls {5}TLS 1\.3 (· http\/1\.1 )?· not verified$/m);
  });

  it('35 for a server that does not speak TLS', async () => {
    const { port } = await httpServer();
    const { exitCode, stderr, labels } = await httptrace([`https://localhost:${port}/`]);
    expect(exitCode).toBe(35);
    expect(stderr).toMatch(
      /^httptrace: TLS with localhost:\d+ failed \((ERR_SSL_\w+|EPROTO)\): [^\n]+; is it an http:\/\/ URL\?\n$/,
    );
    expect(failed(labels)[0]).toBe('tls');
  });

  it('28 when --max-time is over before the head of the answer', async () => {
    const { origin } = await httpServer(() => undefined);
    const { exitCode, stderr, labels } = await httptrace(['--max-time', '0.2', origin]);
    expect(exitCode).toBe(28);
    expect(stderr).toMatch(
      /^httptrace: no complete answer from 127\.0\.0\.1:\d+ within 0\.2 s, in wait; raise --max-time\n$/,
    );
    expect(failed(labels)[0]).toBe('wait');
  });

  it('28 when --max-time is over in the body', async () => {
    const { origin } = await httpServer((_req, res) => res.write('begun'));
    const { exitCode, stderr, labels } = await httptrace(['--max-time', '0.2', origin]);
    expect(exitCode).toBe(28);
    expect(stderr).toContain('within 0.2 s, in receive; raise --max-time\n');
    expect(failed(labels)[0]).toBe('receive');
    expect(labels[0]).toContain('GET');
  });

  it('28 at once when the resolver says nothing, however long it goes on', async () => {
    const silent = `import dns from 'node:dns'; dns.lookup = () => setInterval(() => undefined, 1e3);`;
    const { exitCode, stderr, labels } = await httptrace(['--max-time', '0.2', 'http://a.example/'], {
      env: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(silent)}"` },
    });
    expect(exitCode).toBe(28);
    expect(stderr).toContain('within 0.2 s, in dns; raise --max-time\n');
    expect(failed(labels)[0]).toBe('dns');
  });

  it('52 for a connection that is closed without an answer', async () => {
    const port = await listen(createServer((socket) => socket.once('data', () => socket.end())));
    const { exitCode, stderr, labels } = await httptrace([`http://127.0.0.1:${port}/`]);
    expect(exitCode).toBe(52);
    expect(stderr).toMatch(
      /^httptrace: the exchange with 127\.0\.0\.1:\d+ failed in wait \(ECONNRESET\): socket hang up\n$/,
    );
    expect(failed(labels)[0]).toBe('wait');
  });

  it('18 for a body that is cut', async () => {
    const { origin } = await httpServer((req, res) => {
      res.writeHead(200, { 'content-length': '100' });
      res.write('part', () => setImmediate(() => req.socket.destroy()));
    });
    const { exitCode, labels } = await httptrace([origin]);
    expect(exitCode).toBe(18);
    expect(failed(labels)[0]).toBe('receive');
  });

  it('1 for an answer that is not HTTP', async () => {
    const port = await listen(
      createServer((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n\r\n'))),
    );
    const { exitCode, stderr } = await httptrace([`http://127.0.0.1:${port}/`]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/failed in \w+ \(HPE_\w+\): /);
  });

  it.each([404, 503])('22 for the status %i', async (status) => {
    const { origin } = await httpServer((_req, res) => res.writeHead(status).end());
    const { exitCode, stderr, stdout } = await httptrace([origin]);
    expect(exitCode).toBe(22);
    expect(stderr).toMatch(new RegExp(`^httptrace: the server answered ${status} [^\\n]+\\n$`));
    expect(stdout.split('\n')[0]).toMatch(new RegExp(`${status} [\\w ]+$`));
  });

  it('that of the first request that failed, when there are several', async () => {
    let requests = 0;
    const { origin } = await httpServer((_req, res) => {
      requests += 1;
      res.writeHead([200, 404, 200][requests - 1] ?? 500).end();
    });
    const { exitCode, labels } = await httptrace(['--repeat', '3', origin]);
    expect(exitCode).toBe(22);
    expect(labels.filter((label) => label.startsWith('GET'))).toHaveLength(3);
  });
});
