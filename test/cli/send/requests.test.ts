import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CLIENT_PORT,
  httpServer,
  httpsServer,
  REQUEST_NUMBER,
} from '../../support/servers/truthful-server.js';
import { httptrace, shell } from '../bin.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'httptrace-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Answers with what the server saw of the request. */
async function echo(req: IncomingMessage, res: ServerResponse): Promise<void> {
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body: await text(req) }));
}

describe('a request is drawn', () => {
  it('over https to a name: one line for each phase', async () => {
    const { port } = await httpsServer();
    const { exitCode, labels, stderr } = await httptrace([`https://localhost:${port}/a?b#c`]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(labels).toEqual([
      'GET https://localhost:PORT/a?b',
      '│ HTTP/1.1',
      '├ getconn new connection',
      expect.stringMatching(/^│ ├ dns {5}localhost → .*127\.0\.0\.1/),
      ...labels.slice(4, -5).map(() => expect.stringMatching(/^│ ├ connect ✗ ECONNREFUSED · \[::1\]:PORT$/)),
      '│ ├ connect 127.0.0.1:PORT',
      // Before version 22, https asks for no protocol.
      expect.stringMatching(/^│ └ tls {5}TLS 1\.3( · http\/1\.1)?$/),
      '├ send',
      '├ wait',
      '└ receive 2 B',
    ]);
  });

  it('with the connection that it is sent on again by --repeat', async () => {
    const server = await httpServer();
    const { exitCode, labels } = await httptrace(['--repeat', '3', server.origin]);
    expect(exitCode).toBe(0);
    expect(labels.filter((label) => /getconn/.test(label))).toEqual([
      '├ getconn new connection',
      '├ getconn reused after N ms idle',
      '├ getconn reused after N ms idle',
    ]);
    expect(server.connections).toHaveLength(1);
  });

  it('with the informational responses that came before', async () => {
    const { origin } = await httpServer((_req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => setImmediate(() => res.end('ok')));
    });
    const { labels } = await httptrace([origin]);
    expect(labels.filter((label) => /103/.test(label))).toEqual(['│ └ 103 Early Hints']);
  });

  it('with the body held back for 100 Continue', async () => {
    const { origin } = await httpServer(echo);
    const { exitCode, labels } = await httptrace(['-H', 'Expect: 100-continue', '-d', 'x', origin]);
    expect(exitCode).toBe(0);
    expect(labels.join('\n')).toMatch(/^├ send.*\n│ ├ body held back\n│ └ 100 Continue\n├ wait/m);
  });

  it('as wide as COLUMNS says', async () => {
    const { origin } = await httpServer();
    const { stdout } = await httptrace([`${origin}/${'long/'.repeat(30)}`], { env: { COLUMNS: '40' } });
    expect(Math.max(...stdout.split('\n').map((line) => [...line].length))).toBe(40);
  });

  it.each([
    [{}, false],
    [{ FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    [{ FORCE_COLOR: '0' }, false],
  ])('with %j in the environment and in colour: %s', async (env, colored) => {
    const { origin } = await httpServer();
    const { stdout } = await httptrace([origin], { env });
    expect(stdout.includes('\u001b[')).toBe(colored);
  });
});

describe('--json', () => {
  it('prints one object for each request', async () => {
    const { origin } = await httpServer();
    const { stdout } = await httptrace(['--json', '--repeat', '2', `${origin}/x`]);
    const [first, second] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const ms = expect.any(Number);
    const always = { getconn: ms, send: ms, wait: ms, receive: ms };
    const same = {
      url: `${origin}/x`,
      method: 'GET',
      status: 200,
      protocol: 'HTTP/1.1',
      total: ms,
      startTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      remoteAddress: '127.0.0.1',
      remotePort: Number(new URL(origin).port),
      bytes: { sent: 0, received: 2 },
    };
    const dialled = { ...always, connect: ms };
    expect(first).toEqual({ ...same, reused: false, phases: dialled, offsets: dialled });
    expect(second).toEqual({ ...same, reused: true, phases: always, offsets: always });
  });

  it('tells a failure in its own words', async () => {
    const { stdout, stderr } = await httptrace(['--json', 'http://127.0.0.1:9/']);
    expect(JSON.parse(stdout)).toEqual({
      url: 'http://127.0.0.1:9/',
      method: 'GET',
      phases: { getconn: expect.any(Number), connect: expect.any(Number) },
      offsets: { getconn: 0, connect: expect.any(Number) },
      total: expect.any(Number),
      startTime: expect.any(String),
      bytes: { sent: 0, received: 0 },
      error: 'ECONNREFUSED in connect: connect ECONNREFUSED 127.0.0.1:9',
    });
    expect(stderr).toBe(
      'httptrace: cannot connect to 127.0.0.1:9 (ECONNREFUSED); nothing listens on that port\n',
    );
  });

  it('has phases that add up to no more than the total', async () => {
    const { port } = await httpsServer();
    const { stdout } = await httptrace(['--json', `https://localhost:${port}`]);
    const { phases, total } = JSON.parse(stdout);
    expect(Object.keys(phases)).toEqual(['getconn', 'dns', 'connect', 'tls', 'send', 'wait', 'receive']);
    expect(phases.getconn).toBeGreaterThanOrEqual(phases.dns + phases.connect + phases.tls - 0.01);
    expect(phases.getconn + phases.send + phases.wait + phases.receive).toBeLessThanOrEqual(total + 0.01);
  });
});

describe('what is sent', () => {
  async function seen(args: string[], input?: string) {
    const { origin } = await httpServer(echo);
    const { stdout, exitCode } = await httptrace(
      ['-o', '-', ...args, `${origin}/p?q=1`],
      input === undefined ? {} : { input },
    );
    expect(exitCode).toBe(0);
    return JSON.parse(stdout);
  }

  it('is a GET by default', async () => {
    expect(await seen([])).toEqual({
      method: 'GET',
      url: '/p?q=1',
      headers: {
        host: expect.any(String),
        'user-agent': expect.stringMatching(/^httptrace\//),
        accept: '*/*',
        connection: 'keep-alive',
      },
      body: '',
    });
  });

  it('is as -X and -H say', async () => {
    const { method, headers } = await seen([
      '-X',
      'PUT',
      '-H',
      'X-One: 1',
      '-H',
      'host: elsewhere',
      '-H',
      'Accept:',
    ]);
    expect(method).toBe('PUT');
    expect(headers).toMatchObject({ 'x-one': '1', host: 'elsewhere' });
    expect(headers).not.toHaveProperty('accept');
  });

  it('is the data of -d, from a file and from stdin without line breaks', async () => {
    const file = join(directory, 'data');
    writeFileSync(file, 'b=2\r\n&c=3\n');
    const { method, headers, body } = await seen(['-d', 'a=1', '-d', `@${file}`, '-d', '@-'], 'd=4\n');
    expect(method).toBe('POST');
    expect(body).toBe('a=1&b=2&c=3&d=4');
    expect(headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': '15',
    });
  });

  it('is a HEAD with -I, of which the head is printed', async () => {
    const { origin } = await httpServer(echo);
    const { exitCode, stdout, labels } = await httptrace(['-I', origin]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\n(.+\n)*content-type: application\/json\n(.+\n)*\nHEAD http/i);
    expect(labels).toContain('HEAD http://127.0.0.1:PORT/');
  });

  it('goes to IPv4 with -4, and not there with -6', async () => {
    const { port } = await httpServer();
    const url = `http://localhost:${port}`;
    expect((await httptrace(['-4', url])).exitCode).toBe(0);
    expect([6, 7]).toContain((await httptrace(['-6', url])).exitCode);
  });

  it('shows no credentials', async () => {
    const { port } = await httpServer(echo);
    const { stdout, stderr } = await httptrace(['-o', '-', `http://me:secret@127.0.0.1:${port}/?sig=secret`]);
    expect(JSON.parse(stdout).headers.authorization).toBe(`Basic ${btoa('me:secret')}`);
    expect(stderr).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/\?sig=REDACTED /);
    expect(stderr).not.toContain('secret');
  });
});

describe('the body', () => {
  it('goes to the file of -o, byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
    const { origin } = await httpServer((_req, res) => res.end(bytes));
    const file = join(directory, 'body');
    const { exitCode, labels } = await httptrace(['-o', file, origin]);
    expect([exitCode, labels.at(-1)]).toEqual([0, '└ receive 300 kB']);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('goes to stdout with -o -, and the drawing to stderr', async () => {
    const { origin } = await httpServer();
    const { stdout, stderr } = await httptrace(['-o', '-', origin]);
    expect(stdout).toBe('ok');
    expect(stderr).toContain('└ receive 2 B');
  });

  it('that cannot be written is one line, after the drawing', async () => {
    const { origin } = await httpServer();
    const { exitCode, stderr, labels } = await httptrace(['-o', join(directory, 'no', 'such'), origin]);
    expect(exitCode).toBe(23);
    expect(stderr).toMatch(/^httptrace: cannot write the body to \S+: ENOENT: [^\n]+\n$/);
    expect(labels.at(-1)).toMatch(/^└ receive/);
  });
});

describe('-L', () => {
  function redirecting(req: IncomingMessage, res: ServerResponse): void {
    const [, to] = /^\/to\/(.*)/.exec(req.url ?? '') ?? [];
    if (to === undefined) {
      void echo(req, res);
    } else {
      res.writeHead(302, { location: to === 'itself' ? req.url : `/${to}` }).end('moved');
    }
  }

  it('draws each hop, and writes the body of the last', async () => {
    const { origin } = await httpServer(redirecting);
    const file = join(directory, 'body');
    const { exitCode, labels } = await httptrace(['-L', '-o', file, '-d', 'x=1', `${origin}/to/to/there`]);
    expect(exitCode).toBe(0);
    expect(labels.filter((label) => /GET|POST|→ \/|getconn/.test(label))).toEqual([
      'POST http://127.0.0.1:PORT/to/to/there',
      '├ getconn new connection',
      '└ → /to/there',
      'GET http://127.0.0.1:PORT/to/there',
      '├ getconn reused after N ms idle',
      '└ → /there',
      'GET http://127.0.0.1:PORT/there',
      '├ getconn reused after N ms idle',
    ]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ method: 'GET', url: '/there', body: '' });
  });

  it('is needed to follow: a redirect is an answer too', async () => {
    const { origin } = await httpServer(redirecting);
    const { exitCode, labels } = await httptrace([`${origin}/to/there`]);
    expect(exitCode).toBe(0);
    expect(labels.filter((label) => label.startsWith('GET'))).toHaveLength(1);
  });

  it('gives up after 20 redirects', async () => {
    const { origin } = await httpServer(redirecting);
    const { exitCode, stderr, labels } = await httptrace(['-L', `${origin}/to/itself`]);
    expect(exitCode).toBe(47);
    expect(stderr).toBe(`httptrace: more than 20 redirects, the last to ${origin}/to/itself\n`);
    expect(labels.filter((label) => label.startsWith('GET'))).toHaveLength(21);
  });
});

describe('a reader that leaves early', () => {
  it('is no error', async () => {
    const { origin } = await httpServer();
    const { stdout, stderr } = await shell(`$HTTPTRACE --repeat 5 ${origin} | head -n 1`);
    expect(stdout).toMatch(/^GET http[^\n]+\n$/);
    expect(stderr).toBe('');
  });
});

describe('the server', () => {
  it('says that the connection is the one that was reported', async () => {
    const told: [unknown, unknown][] = [];
    const { origin } = await httpServer((_req, res) => {
      told.push([res.getHeader(REQUEST_NUMBER), res.getHeader(CLIENT_PORT)]);
      res.end();
    });
    const { stdout } = await httptrace(['--json', '--repeat', '2', origin]);
    const reused = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).reused);
    expect(told.map(([number]) => number)).toEqual([1, 2]);
    expect(told[0]?.[1]).toBe(told[1]?.[1]);
    expect(reused).toEqual([false, true]);
  });
});
