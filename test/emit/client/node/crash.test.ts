import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(__dirname, '..', '..', '..', '..');

const TELEMETRY = `
  const { context } = require('@opentelemetry/api');
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const { HttpTraceInstrumentation } = require(${JSON.stringify(join(ROOT, 'dist', 'index.js'))});
  new HttpTraceInstrumentation({ server: { enabled: false } });
`;

/** Runs a program in a process of its own; gives back how it ended, and what it said of that. */
function run(setup: string, program: string): { status: number | null; said: string[]; thrownAt: string[] } {
  // The program stands on one line, so that what comes before it does not move it.
  const { status, stderr } = spawnSync(
    process.execPath,
    ['-e', `${setup.replaceAll('\n', ' ')}\n${program.replaceAll('\n', ' ')}`],
    { encoding: 'utf8', timeout: 8_000, cwd: ROOT },
  );
  const lines = stderr.split('\n');
  const frames = lines.filter((line) => line.startsWith('    at '));
  return {
    status,
    said: lines.filter((line) => !line.startsWith('    at ')),
    thrownAt: frames.slice(0, 1),
  };
}

const PROGRAMS: readonly (readonly [what: string, program: string])[] = [
  ['nobody handles the error of a request', "require('http').get({ host: '127.0.0.1', port: 1 });"],
  ['the port of a request is none', "require('http').get({ host: '127.0.0.1', port: 70000 });"],
  [
    'a listener of a response throws',
    `const server = require('http').createServer((req, res) => res.end()).listen(0, () =>
       require('http').get({ port: server.address().port }, function listener() { throw new Error('boom'); }));`,
  ],
  [
    'a listener of a socket throws',
    `const server = require('http').createServer((req, res) => res.end()).listen(0, () =>
       require('http').get({ port: server.address().port })
         .on('socket', function listener() { throw new Error('boom'); }));`,
  ],
  [
    'the way to connect throws',
    `require('http').get({ agent: Object.assign(new (require('http').Agent)(), {
       createConnection: function connect() { throw new Error('boom'); } }) });`,
  ],
];

describe.each(PROGRAMS)('when %s', (_what, program) => {
  it('a program ends as it would without us', () => {
    const without = run(' ', program);
    expect(without.status).toBe(1);
    expect(run(TELEMETRY, program)).toEqual(without);
  });
});
