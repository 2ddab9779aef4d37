import { EXIT, type ExitCode } from './exit-code.js';

const SIGNALS = [
  ['SIGINT', EXIT.interrupted],
  ['SIGTERM', EXIT.terminated],
] as const;

/** Says whether the user wants this program to stop. After the first signal it tells what it knows. A second one ends it. */
export class Interruption {
  private readonly controller = new AbortController();
  /** The exit code; `undefined` while nobody wants it to stop. */
  exitCode: ExitCode | undefined;

  constructor() {
    for (const [name, exitCode] of SIGNALS) {
      process.once(name, () => {
        this.exitCode ??= exitCode;
        this.controller.abort();
      });
    }
  }

  /** Aborted with an `AbortError`, so that the request is cancelled and not failed. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }
}
