import { reportError } from '../diagnostics.js';

/**
 * Runs a hook of the user's config. What it throws goes to `diag.error`, and nothing else changes; so does what an
 * asynchronous one rejects with, though nobody waits for it.
 */
export function safely<Args extends unknown[], Result>(
  name: string,
  hook: (...args: Args) => Result,
  ...args: Args
): Result | undefined {
  try {
    const result = hook(...args);
    if (result instanceof Promise) {
      result.catch((error: unknown) => report(name, error));
    }
    return result;
  } catch (error) {
    report(name, error);
    return undefined;
  }
}

function report(name: string, error: unknown): void {
  reportError(`httptrace: ${name} threw; the request goes on as if it had returned nothing`, error);
}
