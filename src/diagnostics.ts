import { types } from 'node:util';
import { type DiagLogger, diag } from '@opentelemetry/api';

// The only way in which this package reports: the logger behind `diag` is the user's, and what it throws must not
// reach the program that we watch.

/**
 * Never throws.
 *
 * @param to Whom to tell, if it is not the `diag` of the API that this package uses.
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

/** Whatever the types say, a logger may be asynchronous. */
function guarded(log: () => unknown): void {
  try {
    const returned = log();
    if (types.isPromise(returned)) {
      returned.catch(nobodyToTell);
    }
  } catch {
    nobodyToTell();
  }
}

function nobodyToTell(): void {
  // The one who should be told is the one who failed.
}
