import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { type Answer, httpServer } from '../support/servers/truthful-server.js';
import { BIN, labelsOf } from './bin.js';

/** Runs the program, and sends it a signal when the server has the request, or with `-o -` when a part of the body came. */
async function interrupted(answer: Answer, signal: NodeJS.Signals, options: string[] = []) {
  const arrived = deferred();
  const { origin } = await httpServer((req, res) => {
    answer(req, res);
    arrived.resolve();
  });
  const child = spawn(process.execPath, [BIN, ...options, origin], {
    env: { ...process.env, COLUMNS: '100' },
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const exited = once(child, 'exit');
  await (options.includes('-o') ? once(child.stdout, 'data') : arrived.promise);
  // What the server has is written; the program is told so a moment later.
  setTimeout(() => child.kill(signal), 50);
  const [[exitCode], [stdout, stderr]] = await Promise.all([exited, output]);
  return { exitCode, stdout, stderr, labels: labelsOf(stdout) };
}

describe('Ctrl-C', () => {
  it('draws what is known, with the phase in which the request hangs', async () => {
    const { exitCode, stdout, stderr, labels } = await interrupted(() => undefined, 'SIGINT');
    expect([exitCode, stderr]).toEqual([130, '']);
    expect(labels).toEqual([
      'GET http://127.0.0.1:PORT/',
      expect.stringMatching(/^│ /),
      '├ getconn new connection',
      '│ └ connect 127.0.0.1:PORT',
      '├ send',
      '├ wait    ✗ interrupted',
      '└ ✗ interrupted in wait',
    ]);
    expect(stdout.split('\n')[0]).toMatch(/ {2}✗ interrupted$/);
  });

  it('does so in the middle of a body', async () => {
    const half: Answer = (_req, res) => {
      res.writeHead(200, { 'content-length': 9 });
      res.write('half');
    };
    const { exitCode, stdout, stderr } = await interrupted(half, 'SIGINT', ['-o', '-']);
    expect([exitCode, stdout]).toEqual([130, 'half']);
    expect(labelsOf(stderr).at(-1)).toBe('└ ✗ interrupted in receive');
    expect(stderr.split('\n')[0]).toMatch(/ {2}✗ interrupted after 200 OK$/);
  });

  it('is a field of --json, and SIGTERM is no other but for its exit code', async () => {
    const { exitCode, stdout } = await interrupted(() => undefined, 'SIGTERM', ['--json', '--repeat', '3']);
    expect(exitCode).toBe(143);
    expect(JSON.parse(stdout)).toMatchObject({
      error: 'interrupted in wait',
      phases: { getconn: expect.any(Number), send: expect.any(Number) },
      total: expect.any(Number),
    });
  });

  it('leaves -w its variables', async () => {
    const { exitCode, stdout } = await interrupted(() => undefined, 'SIGINT', [
      '-w',
      '%{http_code} %{time_total}',
    ]);
    expect(exitCode).toBe(130);
    expect(stdout).toMatch(/^000 \d+\.\d{6}$/);
  });
});
