import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const PACKAGE = join(__dirname, '..', '..', '..', 'dist', 'index.js');

const TELEMETRY = `
  const { context } = require('@opentelemetry/api');
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const { HttpTraceInstrumentation } = require(${JSON.stringify(PACKAGE)});
  new HttpTraceInstrumentation();
`;

/** Runs a program in a process of its own; what it says without the frames of the stack, and where it was thrown. */
function run(setup: string, program: string): { status: number | null; said: string[]; thrownAt: string[] } {
  // The program stands on one line, so that what comes before it does not move it.
  const { status, stderr } = spawnSync(
    process.execPath,
    ['-e', `${setup.replaceAll('\n', ' ')}\n${program.replaceAll('\n', ' ')}`],
    { encoding: 'utf8', timeout: 8_000, cwd: join(__dirname, '..', '..', '..') },
  );
  const lines = stderr.split('\n');
  return {
    status,
    said: lines.filter((line) => !line.startsWith('    at ')),
    thrownAt: lines.filter((line) => line.startsWith('    at ')).slice(0, 2),
  };
}

const PROGRAMS: [string, string][] = [
  [
    'a listener throws',
    `const server = require('http').createServer(function listener() { throw new Error('boom'); });
     server.listen(0, () => require('http').get({ port: server.address().port }).on('error', () => {}));`,
  ],
  [
    'a listener of HTTP/2 throws',
    `const server = require('http2').createServer(function listener() { throw new Error('boom'); });
     server.listen(0, () => {
       const session = require('http2').connect('http://localhost:' + server.address().port);
       session.on('error', () => {}).request().on('error', () => {});
     });`,
  ],
  [
    'a listener of the response throws',
    `const server = require('http').createServer((req, res) => {
       res.on('finish', function listener() { throw new Error('boom'); });
       res.end();
     });
     server.listen(0, () => require('http').get({ port: server.address().port }).on('error', () => {}));`,
  ],
  [
    'nobody handles the error of a response',
    `const server = require('http').createServer((req, res) => { res.end(); res.write('late'); });
     server.listen(0, () => require('http').get({ port: server.address().port }).on('error', () => {}));`,
  ],
];

describe.each(PROGRAMS)('when %s', (_what, program) => {
  test('the process ends as it would without us, and names the line of the program', () => {
    const without = run('', program);
    const with_ = run(TELEMETRY, program);
    expect(without.status).not.toBe(0);
    expect(with_).toEqual(without);
  });
});
