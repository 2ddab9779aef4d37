import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { WARM } from './marks.mjs';

/**
 * Why two runs count the same, whatever else the machine does: all of the engine's work is done on the one thread, its
 * seeds are given, and nothing of it depends on the time. So it compiles the same functions after the same request.
 *
 * Nor is garbage collected within a stretch: young objects have room for all of one, old ones for all of a process, and
 * no collection is begun because the program seems to be idle. What there is to collect is counted by itself.
 */
const FLAGS = [
  ...['--single-threaded', '--predictable', '--hash-seed=1', '--random-seed=1'],
  ...['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64', '--initial-old-space-size=2048'],
  ...['--no-incremental-marking', '--no-memory-reducer', '--no-flush-bytecode'],
];

/** What node calls for `process.umask()`: a function that nothing else calls, by which a program says where it is. */
const MARK = 'node::*Umask*';

export function hasValgrind() {
  return spawnSync('valgrind', ['--version']).status === 0;
}

/**
 * Counts the instructions of a program of Node's, from each of its marks to the next, in pairs. It runs uncounted, which is faster,
 * until it says that it is warm.
 *
 * @param {string[]} args Of `node`.
 * @param {Record<string, string>} env
 * @returns {Promise<{ instructions: number[], printed: string }>} One number for each pair of marks, and what the program
 *   printed when it had been counted.
 */
export async function runCounted(args, env = {}) {
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
    const printed = (await ended(child)).replace(WARM, '');
    // One for each mark, of what came before it: every second one is of what was between two of a pair.
    const instructions = readdirSync(folder)
      .filter((name) => /^counted\.\d+$/.test(name))
      .sort((a, b) => numberOf(a) - numberOf(b))
      .filter((_, index) => index % 2 === 1)
      .map((name) => Number(/^totals: (\d+)/m.exec(readFileSync(join(folder, name), 'utf8'))?.[1]));
    return { instructions, printed };
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
