import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../../support/servers/listen.js';
import { http2Server, httpServer } from '../../support/servers/truthful-server.js';
import { httptrace, shell } from '../bin.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'httptrace-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Sends no header of its own. */
async function plainServer(answer: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(answer))}/`;
}

describe('-i', () => {
  it('prints the head before the drawing, several lines of one name as they came', async () => {
    const url = await plainServer((_req, res) => {
      res.writeHead(201, 'Made', ['X-One', '1', 'x-one', '2']).end('ok');
    });
    const { stdout } = await httptrace(['-i', url]);
    expect(stdout).toMatch(/^HTTP\/1\.1 201 Made\nX-One: 1\nx-one: 2\n(.+\n)*\nGET http:/);
  });

  it('writes it before the body, where the body goes', async () => {
    const { origin } = await http2Server((_req, res) => {
      res.setHeader('x-one', '1');
      res.end('the body');
    });
    const file = join(directory, 'out');
    const { stdout } = await httptrace(['-i', '-o', file, origin]);
    expect(readFileSync(file, 'utf8')).toMatch(
      /^HTTP\/2 200 \r\n(.+\r\n)*x-one: 1\r\n(.+\r\n)*\r\nthe body$/,
    );
    expect(stdout).toMatch(/^GET /);
  });

  it('is a field of --json', async () => {
    const url = await plainServer((_req, res) => res.writeHead(200, ['X-A', '1', 'X-A', '2']).end());
    const { stdout } = await httptrace(['-i', '--json', url]);
    expect(JSON.parse(stdout).responseHeaders.filter(([name]: string[]) => name === 'X-A')).toEqual([
      ['X-A', '1'],
      ['X-A', '2'],
    ]);
  });

  it('lets no header command the terminal', async () => {
    const { origin } = await httpServer((_req, res) => res.setHeader('x-evil', 'a\u009b31mb').end());
    expect((await httptrace(['-i', origin])).stdout).not.toContain('\u009b');
  });
});

describe('-s', () => {
  it('says nothing of a failure, but for -S; the drawing and the exit code stay', async () => {
    const url = 'http://127.0.0.1:9/';
    const silent = await httptrace(['-s', url]);
    expect([silent.exitCode, silent.stderr]).toEqual([7, '']);
    expect(silent.labels[0]).toBe('GET http://127.0.0.1:9/');
    expect((await httptrace(['-sS', url])).stderr).toMatch(/^httptrace: cannot connect/);
  });
});

describe('-f', () => {
  it('writes no body of an error, and exits with 22 as without', async () => {
    const { origin } = await httpServer((_req, res) => res.writeHead(404).end('nothing here'));
    expect(await httptrace(['-o', '-', origin])).toMatchObject({ exitCode: 22, stdout: 'nothing here' });
    expect(await httptrace(['-f', '-o', '-', origin])).toMatchObject({ exitCode: 22, stdout: '' });
  });
});

describe('--compressed', () => {
  const text = 'text '.repeat(100);

  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
  ])(
    'asks for %s, and writes the body decompressed; its size is that on the wire',
    async (encoding, body) => {
      const asked: unknown[] = [];
      const { origin } = await httpServer((req, res) => {
        asked.push(req.headers['accept-encoding']);
        res.setHeader('content-encoding', encoding).end(body);
      });
      const file = join(directory, 'out');
      const { labels } = await httptrace(['--compressed', '-o', file, origin]);
      expect(readFileSync(file, 'utf8')).toBe(text);
      expect(asked).toEqual(['deflate, gzip, br']);
      expect(labels.at(-1)).toBe(`└ receive ${body.length} B`);
    },
  );

  it('is 61 for a body that is something else', async () => {
    const { origin } = await httpServer((_req, res) => res.setHeader('content-encoding', 'gzip').end('text'));
    const { exitCode, stderr } = await httptrace(['--compressed', '-o', join(directory, 'out'), origin]);
    expect(exitCode).toBe(61);
    expect(stderr).toMatch(/^httptrace: the body cannot be decompressed: incorrect header check\n$/);
  });

  it('without it, a compressed body is written as it came', async () => {
    const body = gzipSync(text);
    const { origin } = await httpServer((_req, res) => res.setHeader('content-encoding', 'gzip').end(body));
    const file = join(directory, 'out');
    await httptrace(['-o', file, origin]);
    expect(readFileSync(file).equals(body)).toBe(true);
  });
});

describe('what is sent', () => {
  it('keeps headers that differ only in case apart, in their order', async () => {
    const raw: string[][] = [];
    const { origin } = await httpServer((req, res) => {
      raw.push(req.rawHeaders);
      res.end();
    });
    await httptrace(['-H', 'X-One: 1', '-H', 'x-one: 2', '-H', 'X-ONE: 3', '-H', 'Empty;', origin]);
    expect(raw[0]?.join('\n')).toMatch(/\nX-One\n1\nx-one\n2\nX-ONE\n3\nEmpty\n\n/);
  });

  it('has the user agent of -A and the credentials of -u', async () => {
    const seen: unknown[] = [];
    const { origin } = await httpServer(({ headers }, res) => {
      seen.push([headers['user-agent'], headers.authorization]);
      res.end();
    });
    await httptrace(['-A', 'me', '-u', 'a:b:c', origin]);
    await httptrace(['-A', '', origin]);
    expect(seen).toEqual([
      ['me', `Basic ${btoa('a:b:c')}`],
      [undefined, undefined],
    ]);
  });

  it('is the data of --data-binary and --data-raw byte for byte', async () => {
    const bodies: string[] = [];
    const port = await listen(
      createServer(async (req, res) => {
        bodies.push(Buffer.concat(await req.toArray()).toString());
        res.end();
      }),
    );
    const file = join(directory, 'data');
    writeFileSync(file, 'a\r\nb\n');
    await httptrace(['--data-binary', `@${file}`, '--data-raw', '@x', `http://127.0.0.1:${port}/`]);
    expect(bodies).toEqual(['a\r\nb\n&@x']);
  });
});

describe('a full disk', () => {
  it('is 23 for the body, and for the report', async () => {
    const { origin } = await httpServer();
    expect(await httptrace(['-o', '/dev/full', origin])).toMatchObject({
      exitCode: 23,
      stderr: expect.stringMatching(/^httptrace: cannot write the body to \/dev\/full: ENOSPC: [^\n]+\n$/),
    });
    for (const options of ['', '--json', '-w x']) {
      expect(await shell(`$HTTPTRACE ${options} ${origin} >/dev/full`)).toMatchObject({
        exitCode: 23,
        stderr: expect.stringMatching(/^httptrace: cannot write the report: ENOSPC[^\n]+\n$/),
      });
    }
    expect((await shell('$HTTPTRACE --help >/dev/full')).exitCode).toBe(23);
  });
});
