import { diag } from '@opentelemetry/api';

/** Runs a hook of the user's config. What it throws goes to `diag.error`, and nothing else changes. */
export function safely<Args extends unknown[], Result>(
  name: string,
  hook: (...args: Args) => Result,
  ...args: Args
): Result | undefined {
  try {
    return hook(...args);
  } catch (error) {
    diag.error(`httptrace: ${name} threw; the request goes on as if it had returned nothing`, error);
    return undefined;
  }
}
