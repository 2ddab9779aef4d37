import { types } from 'node:util';
import { type DiagLogger, diag } from '@opentelemetry/api';

// This package reports through these functions only. The logger behind `diag` is the user's, and an error that it throws
// must not reach the program that we watch.

/**
 * Never throws.
 *
 * @param to The logger, if not the `diag` of the API that this package uses.
 */
export function reportError(message: string, error: unknown, to: Pick<DiagLogger, 'error'> = diag): void {
  guarded(() => to.error(message, error));
}

/** Never throws. */
export function reportWarning(message: string, ...details: unknown[]): void {
  guarded(() => diag.warn(message, ...details));
}

/** Never throws. */
export function reportDebug(message: string, ...details: unknown[]): void {
  guarded(() => diag.debug(message, ...details));
}

/** A logger may be asynchronous, whatever its type says. */
function guarded(log: () => unknown): void {
  try {
    const returned = log();
    if (types.isPromise(returned)) {
      returned.catch(ignore);
    }
  } catch {
    ignore();
  }
}

function ignore(): void {
  // The logger failed, so there is nobody to tell.
}
