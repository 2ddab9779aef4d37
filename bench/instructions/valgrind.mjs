import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/**
 * What is done on other threads, or as chance will have it, would be counted too; and no garbage is collected within a
 * stretch, for young objects have that many megabytes of room. What there is to collect is counted by itself.
 */
export const FLAGS = [
  ...['--single-threaded', '--predictable', '--hash-seed=1', '--random-seed=1'],
  ...['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'],
];

/** What node calls for `process.umask()`: a function that nothing else calls, by which a program says where it is. */
const MARK = 'node::*Umask*';

export function hasValgrind() {
  return spawnSync('valgrind', ['--version']).status === 0;
}

/**
 * Counts the instructions of a program of Node's between each two of its marks. It runs uncounted, which is faster,
 * until it says that it is warm.
 *
 * @param {string[]} args Of `node`.
 * @param {Record<string, string>} env
 * @returns {Promise<number[]>} One for each stretch.
 */
export async function instructionsOf(args, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'httptrace-bench-'));
  const counting = join(folder, 'counting');
  try {
    const child = start(
      'valgrind',
      [
        ...['--tool=callgrind', '--instr-atstart=no', `--dump-before=${MARK}`],
        ...[`--callgrind-out-file=${join(folder, 'counted')}`, `--vgdb-prefix=${join(folder, 'vgdb')}`],
        ...[process.execPath, ...FLAGS, ...args],
      ],
      { ...env, HTTPTRACE_BENCH_COUNTING: counting },
    );
    child.stdout.once('data', () => {
      const vgdb = [`--vgdb-prefix=${join(folder, 'vgdb')}`, `--pid=${child.pid}`, 'instrumentation', 'on'];
      start('vgdb', vgdb).on('close', () => writeFileSync(counting, ''));
    });
    await ended(child);
    // One for each mark, of what came before it; the one without a number is of what came after the last.
    const stretches = readdirSync(folder)
      .filter((name) => /^counted\.\d+$/.test(name))
      .sort((a, b) => numberOf(a) - numberOf(b))
      .map((name) => Number(/^totals: (\d+)/m.exec(readFileSync(join(folder, name), 'utf8'))?.[1]));
    return stretches.slice(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function numberOf(name) {
  return Number(name.slice(name.indexOf('.') + 1));
}

/** @returns {Promise<string>} What it printed. */
export function run(program, args, env) {
  return ended(start(program, args, env));
}

function start(program, args, env = {}) {
  return spawn(program, args, { env: { ...process.env, NODE_OPTIONS: '', ...env } });
}

/** @returns {Promise<string>} What it printed. */
async function ended(child) {
  const closed = new Promise((resolve) => child.on('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const code = await closed;
  if (code !== 0) {
    throw new Error(`${child.spawnargs.join(' ')} ended with ${code}\n${stderr}`);
  }
  return stdout;
}
