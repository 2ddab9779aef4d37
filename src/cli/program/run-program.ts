import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgramOptions } from '../command/options.js';
import { CliError, EXIT } from '../exit-code.js';
import { ENV_FILE, ENV_SERVERS } from './line.js';
import { LineReader } from './line-reader.js';
import { ProgramReports } from './program-reports.js';

/** How a program ended. */
interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs a program, and draws its requests on stderr as they end.
 *
 * @param preload The file that each process of the program loads.
 * @returns The exit code of the program. If a signal ended the program, the same signal ends this process.
 */
export async function runProgram(options: ProgramOptions, preload: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'httptrace-'));
  try {
    const file = join(directory, 'lines');
    closeSync(openSync(file, 'a', 0o600));
    const reports = new ProgramReports(options.json);
    const reader = new LineReader(
      file,
      (text) => reports.line(text),
      () => reports.sweep(),
    );
    const end = await run(options, environment(options, preload, file), (pid) => reports.begin(pid)).finally(
      () => reader.end(),
    );
    reports.end();
    await reports.flush();
    return codeOf(end);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The environment of the program. Its own options for Node.js come after ours, and win. */
function environment({ servers }: ProgramOptions, preload: string, file: string): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: own, ...env } = process.env;
  const ours = `--require "${preload.replace(/["\\]/g, '\\$&')}"`;
  return {
    ...env,
    NODE_OPTIONS: own === undefined || own === '' ? ours : `${ours} ${own}`,
    [ENV_FILE]: file,
    ...(servers ? { [ENV_SERVERS]: '1' } : {}),
  };
}

function run(
  { command, args }: ProgramOptions,
  env: NodeJS.ProcessEnv,
  onStart: (pid: number | undefined) => void,
): Promise<End> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', env });
    const unforward = forwardSignals(child);
    child.once('spawn', () => onStart(child.pid));
    child.once('error', (error: NodeJS.ErrnoException) => {
      unforward();
      const code = error.code === 'ENOENT' ? EXIT.notFound : EXIT.notExecutable;
      reject(new CliError(code, `cannot run ${command}: ${error.message}`));
    });
    child.once('exit', (code, signal) => {
      unforward();
      resolve({ code, signal });
    });
  });
}

/** The signals that a terminal sends to the whole group of processes. The program has got them already. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const FORWARDED: readonly NodeJS.Signals[] = [...FROM_TERMINAL, 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];

/** Passes signals on to the program, which decides what they do. */
function forwardSignals(child: ChildProcess): () => void {
  const hasTerminal = process.stdin.isTTY === true || process.stderr.isTTY === true;
  const listeners = FORWARDED.map((name) => {
    const isThere = hasTerminal && FROM_TERMINAL.includes(name);
    const listener = (): void => void (isThere || child.kill(name));
    process.on(name, listener);
    return () => process.removeListener(name, listener);
  });
  return () => {
    for (const stop of listeners) {
      stop();
    }
  };
}

/** The exit code of the program. If a signal ended it, the code is a shell's, and the same signal ends this process. */
function codeOf({ code, signal }: End): number {
  if (signal === null) {
    return code ?? EXIT.unexpected;
  }
  process.once('exit', () => process.kill(process.pid, signal));
  return 128 + constants.signals[signal];
}
