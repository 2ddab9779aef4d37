import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { httpServer } from '../../support/servers/truthful-server.js';
import { BIN, httptrace, labelsOf, shell } from '../bin.js';

const ROOT = join(__dirname, '..', '..', '..');

/** Runs a script under `httptrace --`, as a user would a program. */
function traced(script: string, options: string[] = [], env: NodeJS.ProcessEnv = {}) {
  return httptrace([...options, '--', process.execPath, '-e', script], { env });
}

function lines(stderr: string) {
  return stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('httptrace -- program', () => {
  it('draws each request on stderr, and leaves stdout and the exit code to the program', async () => {
    const { origin } = await httpServer();
    const { exitCode, stdout, stderr } = await traced(
      `fetch('${origin}/a').then((res) => res.text()).then((body) => { console.log(body); process.exit(7); })`,
    );
    expect([exitCode, stdout]).toEqual([7, 'ok\n']);
    expect(labelsOf(stderr)).toEqual([
      'GET http://127.0.0.1:PORT/a',
      '│ HTTP/1.1',
      '├ getconn new connection',
      '│ └ connect 127.0.0.1:PORT',
      '├ send',
      '├ wait',
      '└ receive 2 B',
    ]);
  });

  it('prints a line of JSON each with --json', async () => {
    const { origin } = await httpServer();
    const { stderr } = await traced(
      `require('node:http').get('${origin}/b?sig=secret', (res) => res.resume())`,
      ['--json'],
    );
    const ms = expect.any(Number);
    expect(lines(stderr)).toEqual([
      {
        side: 'client',
        url: `${origin}/b?sig=REDACTED`,
        method: 'GET',
        status: 200,
        protocol: 'HTTP/1.1',
        reused: false,
        phases: { getconn: ms, connect: ms, send: ms, wait: ms, receive: ms },
        offsets: { getconn: 0, connect: ms, send: ms, wait: ms, receive: ms },
        total: ms,
        startTime: expect.any(String),
        remoteAddress: '127.0.0.1',
        remotePort: Number(new URL(origin).port),
        bytes: { sent: 0, received: 2 },
        pid: ms,
      },
    ]);
  });

  it('sees the requests of child processes, whose output the program keeps for itself, and of workers', async () => {
    const { origin } = await httpServer();
    const child = `fetch('${origin}/child').then((res) => res.text())`;
    const worker = `fetch('${origin}/worker').then((res) => res.text())`;
    const { stdout, stderr } = await traced(
      `const { spawnSync } = require('node:child_process');
       const { Worker } = require('node:worker_threads');
       const { stderr } = spawnSync(process.execPath, ['-e', ${JSON.stringify(child)}]);
       console.log(JSON.stringify(String(stderr)));
       new Worker(${JSON.stringify(worker)}, { eval: true });`,
      ['--json'],
    );
    expect(stdout).toBe('""\n');
    const [ofChild, ofWorker] = lines(stderr);
    expect([ofChild.url, ofWorker.url]).toEqual([`${origin}/child`, `${origin}/worker`]);
    expect(ofChild.pid).not.toBe(ofWorker.pid);
    expect([ofChild.thread, ofWorker.thread]).toEqual([undefined, expect.any(Number)]);
  });

  it('names the process of a child in the drawing', async () => {
    const { origin } = await httpServer();
    const script = `fetch('${origin}/child').then((res) => res.text())`;
    const { stderr } = await traced(
      `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(script)}])`,
    );
    expect(stderr.split('\n')[0]).toMatch(/^GET http\S+\/child {2,}pid \d+ · 200 OK$/);
  });

  it('draws what the program serves only with --servers', async () => {
    const script = `const server = require('node:http').createServer((req, res) => res.end('served'));
      server.listen(0, '127.0.0.1', async () => {
        await (await fetch('http://127.0.0.1:' + server.address().port + '/x?y')).text();
        server.close();
      });`;
    expect(lines((await traced(script, ['--json'])).stderr).map(({ side }) => side)).toEqual(['client']);
    const both = lines((await traced(script, ['--json', '--servers'])).stderr);
    const served = both.find(({ side }) => side === 'server');
    expect(both).toHaveLength(2);
    expect(served).toEqual({
      side: 'server',
      url: '/x?y',
      method: 'GET',
      status: 200,
      protocol: 'HTTP/1.1',
      firstByte: expect.any(Number),
      total: expect.any(Number),
      startTime: expect.any(String),
      clientAddress: '127.0.0.1',
      bytes: { sent: 6, received: 0 },
      pid: expect.any(Number),
    });
    expect((await traced(script, ['--servers'])).stderr).toMatch(/^server GET \/x\?y {2,}200 OK$/m);
  });

  it('says what was under way when the program ended by itself, and in which phase', async () => {
    const { origin } = await httpServer(() => undefined);
    const { exitCode, stderr } = await traced(
      `fetch('${origin}/hangs'); setInterval(() => undefined, 1e3);
       require('node:diagnostics_channel').subscribe('undici:request:bodySent', () => setImmediate(() => process.exit(3)))`,
    );
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^└ ✗ unfinished in wait$/m);
  });

  it('says what was under way when the program was killed, and in which phase', async () => {
    const { origin } = await httpServer(() => undefined);
    const { stderr } = await traced(
      `fetch('${origin}/hangs');
       require('node:diagnostics_channel').subscribe('undici:request:bodySent', () => process.kill(process.pid, 'SIGKILL'))`,
      ['--json'],
    );
    expect(lines(stderr)).toEqual([
      expect.objectContaining({
        url: `${origin}/hangs`,
        error: 'unfinished in wait',
        offsets: {
          getconn: 0,
          connect: expect.any(Number),
          send: expect.any(Number),
          wait: expect.any(Number),
        },
      }),
    ]);
  });

  it('says so of a child process when that ends, and not only when the program does', async () => {
    const { origin } = await httpServer(() => undefined);
    const script = `fetch('${origin}/hangs');
      require('node:diagnostics_channel').subscribe('undici:request:bodySent', () => process.kill(process.pid, 'SIGKILL'))`;
    const child = spawn(process.execPath, [
      ...[BIN, '--json', '--', process.execPath, '-e'],
      `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(script)}]);
       process.stdin.resume().on('end', () => console.log('over'));`,
    ]);
    const [line] = await once(child.stderr, 'data');
    expect(JSON.parse(line)).toMatchObject({ url: `${origin}/hangs`, error: 'unfinished in wait' });
    child.stdin.end();
    expect(await text(child.stdout)).toBe('over\n');
  });

  it('puts no listener on the program, nor a variable in its sight', async () => {
    const { stdout } = await traced(
      `console.log(process.eventNames().map((name) => [name, process.listenerCount(name)]), Object.keys(globalThis).length)`,
    );
    const plain = spawn(process.execPath, [
      '-e',
      `console.log(process.eventNames().map((name) => [name, process.listenerCount(name)]), Object.keys(globalThis).length)`,
    ]);
    expect(stdout).toBe(await text(plain.stdout));
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('hands %s on, and ends as the program does', async (signal) => {
    const script = `process.once('${signal}', () => { console.log('got it'); process.exit(5); });
      setInterval(() => undefined, 1e3); console.log('ready');`;
    const child = spawn(process.execPath, [BIN, '--', process.execPath, '-e', script]);
    const output = text(child.stdout);
    await once(child.stdout, 'data');
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([5, null]);
    expect(await output).toMatch(/got it/);
  });

  it('ends by the signal that ended the program', async () => {
    const script = `process.kill(process.pid, 'SIGTERM'); setInterval(() => undefined, 1e3);`;
    const child = spawn(process.execPath, [BIN, '--', process.execPath, '-e', script], { stdio: 'ignore' });
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });

  it('keeps the options of the program for Node.js', async () => {
    const { stdout } = await traced('console.log(typeof gc, process.env.NODE_OPTIONS)', [], {
      NODE_OPTIONS: '--expose-gc --no-warnings',
    });
    expect(stdout).toMatch(/^function --require ".*" --expose-gc --no-warnings\n$/);
  });

  it('runs any command, and says which is not there', async () => {
    const { origin } = await httpServer();
    const script = `fetch('${origin}/').then((res) => res.text())`;
    const { stderr } = await httptrace(['--json', '--', 'sh', '-c', `"${process.execPath}" -e "${script}"`]);
    expect(lines(stderr).map(({ url }) => url)).toEqual([`${origin}/`]);
    expect(await httptrace(['--', 'no-such-program'])).toMatchObject({
      exitCode: 127,
      stderr: expect.stringMatching(/^httptrace: cannot run no-such-program: [^\n]+\n$/),
    });
    expect(await httptrace(['--', ROOT])).toMatchObject({ exitCode: 126 });
  });

  it('leaves nothing behind', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'httptrace-test-'));
    const { exitCode } = await traced('process.exit(0)', [], { TMPDIR: directory });
    expect([exitCode, readdirSync(directory)]).toEqual([0, []]);
    rmSync(directory, { recursive: true });
  });

  it('works from a folder with spaces and quotes in its name', async () => {
    const { origin } = await httpServer();
    const directory = mkdtempSync(join(tmpdir(), `it's a "place" `));
    cpSync(join(ROOT, 'dist'), join(directory, 'dist'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    const script = `fetch('${origin}/').then((res) => res.text())`;
    const { stderr } = await httptrace(['--json', '--', process.execPath, '-e', script], {
      bin: join(directory, 'dist', 'cli.js'),
    });
    expect(lines(stderr).map(({ url }) => url)).toEqual([`${origin}/`]);
    rmSync(directory, { recursive: true });
  });

  it('does not disturb a program with an SDK and this package of its own', async () => {
    const seen: unknown[] = [];
    const { origin } = await httpServer((req, res) => {
      seen.push(req.headers.traceparent);
      res.end('ok');
    });
    const script = `
      const { NodeSDK, tracing } = require('@opentelemetry/sdk-node');
      const { HttpTraceInstrumentation } = require('./dist/index.js');
      const exporter = new tracing.InMemorySpanExporter();
      new NodeSDK({
        spanProcessors: [new tracing.SimpleSpanProcessor(exporter)],
        instrumentations: [new HttpTraceInstrumentation()],
      }).start();
      fetch('${origin}/').then((res) => res.text());
      process.on('exit', () => {
        for (const span of exporter.getFinishedSpans()) {
          console.log(span.spanContext().traceId, span.spanContext().spanId, span.kind, span.name, span.parentSpanContext);
        }
      });`;
    const { stdout, stderr } = await shell(
      `cd '${ROOT}' && OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none $HTTPTRACE --json -- node -e "$SCRIPT"`,
      { SCRIPT: script },
    );
    expect(lines(stderr).map(({ url }) => url)).toEqual([`${origin}/`]);
    const [traceId, spanId, ...rest] = stdout.trim().split(' ');
    expect(rest).toEqual(['2', 'GET', 'undefined']);
    expect(seen).toEqual([`00-${traceId}-${spanId}-01`]);
  });
});
