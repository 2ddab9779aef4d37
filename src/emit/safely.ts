import { reportError } from '../diagnostics.js';

/**
 * Runs a hook of the user's config. An error that the hook throws goes to `diag.error` and no further. The rejection of an
 * asynchronous hook goes there as well, but nobody waits for it.
 *
 * @returns What the hook returned; `undefined` if it threw.
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
