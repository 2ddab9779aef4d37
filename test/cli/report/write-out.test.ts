import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseWriteOut } from '../../../src/cli/report/write-out.js';
import { listen } from '../../support/servers/listen.js';
import { tunnelProxy } from '../../support/servers/proxy-server.js';
import { http2Server, httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { httptrace } from '../bin.js';

/** What -w prints of these variables, each on a line. */
async function printed(names: string[], args: string[]): Promise<string[]> {
  const format = names.map((name) => `%{${name}}`).join('\\n');
  const { stdout } = await httptrace(['-s', '-o', '/dev/null', '-w', format, ...args]);
  return stdout.split('\n');
}

describe('a format of -w', () => {
  it('is text, variables, headers and escapes', () => {
    expect(parseWriteOut('a %{url}%%\\n\\t%header{X-One}\\q %{')).toEqual([
      'a ',
      { name: 'url' },
      '',
      '%',
      '',
      '\n',
      '',
      '\t',
      '',
      { name: 'header', argument: 'X-One' },
      '\\q %{',
    ]);
  });

  it('takes the place of the drawing, behind the body', async () => {
    const { origin } = await httpServer();
    expect((await httptrace(['-o', '-', '-w', '|%{http_code}|', origin])).stdout).toBe('ok|200|');
    expect((await httptrace(['-w', '%{http_code}', origin])).stdout).toBe('200');
  });

  it('is read from a file', async () => {
    const { origin } = await httpServer();
    const directory = mkdtempSync(join(tmpdir(), 'httptrace-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 'format'), '%{http_code}\n');
    expect((await httptrace(['-w', `@${join(directory, 'format')}`, origin])).stdout).toBe('200\n');
    expect((await httptrace(['-w', '@/no/such', origin])).exitCode).toBe(26);
  });

  it('is printed for each request of --repeat', async () => {
    const { origin } = await httpServer();
    const { stdout } = await httptrace(['--repeat', '2', '-w', '%{http_code} %{num_connects}\\n', origin]);
    expect(stdout).toBe('200 1\n200 0\n');
  });

  it('says which variable it does not know, and goes on', async () => {
    const { origin } = await httpServer();
    expect(await httptrace(['-w', '%{nope}%{http_code}', origin])).toMatchObject({
      exitCode: 0,
      stdout: '200',
      stderr: 'httptrace: unknown variable of -w: nope\n',
    });
  });

  it('writes to stderr what stands behind %{stderr}, and behind %{onerror} only of a failure', async () => {
    const { origin } = await httpServer();
    const format = 'a%{stderr}b%{stdout}c%{onerror}d';
    expect(await httptrace(['-w', format, origin])).toMatchObject({ stdout: 'ac', stderr: 'b' });
    expect(await httptrace(['-s', '-w', format, 'http://127.0.0.1:9/'])).toMatchObject({
      stdout: 'acd',
      stderr: 'b',
    });
  });
});

describe('the variables of -w', () => {
  it('tell of the response', async () => {
    const port = await listen(
      createServer((_req, res) => {
        res.writeHead(200, {
          'Content-Type': 'text/plain',
          'Content-Length': 5,
          Date: 'now',
          Connection: 'close',
        });
        res.end('12345');
      }),
    );
    const origin = `http://127.0.0.1:${port}`;
    const names = [
      'http_code',
      'response_code',
      'http_version',
      'content_type',
      'size_download',
      'num_headers',
    ];
    expect(await printed(names, [origin])).toEqual(['200', '200', '1.1', 'text/plain', '5', '4']);
    const head =
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nDate: now\r\nConnection: close\r\n\r\n';
    expect(await printed(['size_header'], [origin])).toEqual([String(head.length)]);
  });

  it('tell of the request and its connection', async () => {
    const { origin, port } = await httpsServer();
    const names = [
      'method',
      'scheme',
      'url',
      'url_effective',
      'remote_ip',
      'remote_port',
      'local_ip',
      'num_connects',
    ];
    expect(await printed(names, ['-d', 'abc', origin])).toEqual([
      'POST',
      'HTTPS',
      origin,
      `${origin}/`,
      '127.0.0.1',
      String(port),
      '127.0.0.1',
      '1',
    ]);
    expect(
      await printed(['size_upload', 'ssl_verify_result', 'http_connect'], ['-d', 'abc', origin]),
    ).toEqual(['3', '0', '000']);
  });

  it('tell of redirects, followed or not', async () => {
    const { origin } = await httpServer((req, res) => {
      if (req.url === '/there') {
        res.end('there');
      } else {
        res.writeHead(302, { location: '/there' }).end('moved');
      }
    });
    const names = ['http_code', 'num_redirects', 'redirect_url', 'url_effective', 'size_download'];
    expect(await printed(names, [origin])).toEqual(['302', '0', `${origin}/there`, `${origin}/`, '5']);
    expect(await printed(names, ['-L', origin])).toEqual(['200', '1', '', `${origin}/there`, '5']);
  });

  it('tell of a proxy', async () => {
    const { origin } = await http2Server();
    const { port } = await tunnelProxy();
    expect(
      await printed(['http_connect', 'http_version', 'remote_port'], ['-x', `127.0.0.1:${port}`, origin]),
    ).toEqual(['200', '2', String(port)]);
  });

  it('tell of a failure', async () => {
    expect(
      await printed(
        ['http_code', 'http_version', 'exitcode', 'errormsg', 'num_connects'],
        ['http://127.0.0.1:9/'],
      ),
    ).toEqual([
      '000',
      '0',
      '7',
      'cannot connect to 127.0.0.1:9 (ECONNREFUSED); nothing listens on that port',
      '0',
    ]);
  });

  it('have times in the order in which things happen, added up over redirects', async () => {
    const { port } = await httpsServer((req, res) => {
      if (req.url === '/slow') {
        setTimeout(() => res.end('ok'), 100);
      } else {
        res.writeHead(302, { location: '/slow' }).end();
      }
    });
    const names = [
      'namelookup',
      'connect',
      'appconnect',
      'pretransfer',
      'posttransfer',
      'starttransfer',
      'total',
    ];
    const variables = [...names, 'redirect'].map((name) => `time_${name}`);
    const texts = await printed(variables, ['-L', `https://localhost:${port}/`]);
    expect(texts.every((text) => /^\d+\.\d{6}$/.test(text))).toBe(true);
    const times = texts.map(Number);
    const [redirect = 0] = times.splice(names.length);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(0)).toBeGreaterThan(0);
    expect(redirect).toBeGreaterThan(0);
    expect(times.at(-1)).toBeGreaterThan(redirect + 0.09);
  });

  it('are all there as JSON', async () => {
    const { origin } = await httpServer();
    const { stdout } = await httptrace(['-w', '%{json}\\n%{header_json}', origin]);
    const [all, headers] = stdout.split('\n').map((line) => JSON.parse(line));
    expect(all).toMatchObject({
      http_code: 200,
      http_version: '1.1',
      method: 'GET',
      errormsg: null,
      urlnum: 0,
    });
    expect(headers).toMatchObject({ 'x-request-number': ['1'] });
  });
});
