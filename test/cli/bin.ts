import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export const BIN = join(__dirname, '..', '..', 'dist', 'cli.js');
export const CA_FILE = join(__dirname, '..', 'certs', 'ca.pem');

export interface Finished {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** The lines of stdout, each without its bar and its time. */
  labels: string[];
}

interface Surroundings {
  env?: NodeJS.ProcessEnv;
  input?: string;
  bin?: string;
}

/** What is the same for every run, whatever terminal the tests run in. */
const ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  NODE_EXTRA_CA_CERTS: CA_FILE,
  COLUMNS: '100',
};

/** Runs the built program, as a user would, with output into pipes. */
export async function httptrace(args: string[], surroundings: Surroundings = {}): Promise<Finished> {
  const { env, input, bin = BIN } = surroundings;
  const child = spawn(process.execPath, [bin, ...args], { env: { ...ENVIRONMENT, ...env } });
  child.stdin.end(input);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { exitCode, stdout, stderr, labels: labelsOf(stdout) };
}

/** The same in a shell, which finds the command as `$HTTPTRACE`. */
export async function shell(script: string, more: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const env = { ...ENVIRONMENT, HTTPTRACE: `${process.execPath} ${BIN}`, ...more };
  const child = spawn('sh', ['-c', script], { env });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { exitCode, stdout, stderr, labels: labelsOf(stdout) };
}

export function labelsOf(stdout: string): string[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(BAR.test(line) ? BAR : OUTCOME, ''))
    .map((line) => line.replaceAll(/:\d{4,5}\b/g, ':PORT').replaceAll(/\d+(\.\d+)? ms/g, 'N ms'));
}

const BAR = / +[╺╸━█▏▎▍▌▋▊▉▐▕◆].*$/;
const OUTCOME = /(?<=\S) {2,}\S.*$/;
