import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export const REGISTER = 'opentelemetry-instrumentation-httptrace/register';
export const PROGRAMS = join(__dirname, 'programs');

export interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

interface Surroundings {
  env?: NodeJS.ProcessEnv;
  /** Options of Node. */
  flags?: string[];
  cwd?: string;
}

/** A program that runs until it ends, or the test does. */
export class RunningProgram {
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcessWithoutNullStreams;

  constructor(program: string, { env, flags = ['--import', REGISTER], cwd }: Surroundings) {
    this.child = spawn(process.execPath, [...flags, join(PROGRAMS, program)], {
      cwd,
      env: { PATH: process.env.PATH, COLUMNS: '100', ...env },
    });
    this.ended = this.watch();
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  /** Waits for the program to write anything, then sends the signal. One that ends before that is an error. */
  async signalWhenReady(signal: NodeJS.Signals): Promise<void> {
    const early = await Promise.race([once(this.child.stdout, 'data').then(() => undefined), this.ended]);
    if (early !== undefined) {
      throw new Error(`The program ended before it wrote anything: ${JSON.stringify(early)}`);
    }
    this.child.kill(signal);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  endInput(): void {
    this.child.stdin.end();
  }

  private async watch(): Promise<Ended> {
    const [stdout, stderr, [exitCode, signal]] = await Promise.all([
      text(this.child.stdout),
      text(this.child.stderr),
      once(this.child, 'exit'),
    ]);
    return { exitCode, signal, stdout, stderr };
  }
}

export function runProgram(program: string, surroundings: Surroundings = {}): Promise<Ended> {
  return new RunningProgram(program, surroundings).ended;
}
