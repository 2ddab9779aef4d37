import { EXIT, type ExitCode } from './exit-code.js';

const SIGNALS = [
  ['SIGINT', EXIT.interrupted],
  ['SIGTERM', EXIT.terminated],
] as const;

/** Whether somebody wants this program to stop. The first signal lets it say what it knows, a second one ends it. */
export class Interruption {
  private readonly controller = new AbortController();
  /** What to exit with; `undefined` while nobody wants it to stop. */
  exitCode: ExitCode | undefined;

  constructor() {
    for (const [name, exitCode] of SIGNALS) {
      process.once(name, () => {
        this.exitCode ??= exitCode;
        this.controller.abort();
      });
    }
  }

  /** Aborted with an `AbortError`, by which the package knows that nothing failed. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }
}
