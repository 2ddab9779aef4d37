import { createRequire } from 'node:module';
import { packageOf } from './package-of.js';

/** Where each copy of `@opentelemetry/api` 1.x looks for what is registered: a convention between its releases. */
const API_GLOBAL = Symbol.for('opentelemetry.js.api.1');

/** Version of the API that registered something first; only copies of that very version can register more. */
export function registeredApiVersion(): string | undefined {
  const shared: typeof globalThis & { [API_GLOBAL]?: { readonly version?: string } } = globalThis;
  return shared[API_GLOBAL]?.version;
}

/** Version of the API that this package uses; `undefined` if it is bundled. */
export function ownApiVersion(): string | undefined {
  try {
    return packageOf(createRequire(__filename).resolve('@opentelemetry/api'))?.version;
  } catch {
    // A bundle has neither a file of its own nor packages beside it.
    return undefined;
  }
}
