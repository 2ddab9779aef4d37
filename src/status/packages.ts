import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** The package that a file belongs to: the nearest `package.json` above it that names one. */
export function packageOf(file: string): InstalledPackage | undefined {
  for (let dir = dirname(file); ; dir = dirname(dir)) {
    const found = readPackage(join(dir, 'package.json'));
    if (found !== undefined || dir === dirname(dir)) {
      return found;
    }
  }
}

function readPackage(file: string): InstalledPackage | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Most folders have none.
    return undefined;
  }
  const { name, version }: Partial<InstalledPackage> = JSON.parse(text);
  return name === undefined || version === undefined ? undefined : { name, version };
}

/** A file that is loaded with each copy of a package, whatever folder it is installed in. */
const LANDMARKS = {
  undici: /[\\/]lib[\\/]core[\\/]diagnostics\.js$/,
  '@opentelemetry/api': /[\\/](?:build[\\/]src|dist)[\\/]api[\\/]trace\.c?js$/,
};

/** Versions of the copies of a package that are loaded, one for each; ES modules and bundles do not show. */
export function loadedVersions(name: keyof typeof LANDMARKS): string[] {
  // The cache of this process, whichever module asks for it.
  return Object.keys(createRequire(process.execPath).cache)
    .filter((file) => LANDMARKS[name].test(file))
    .map(packageOf)
    .flatMap((found) => (found?.name === name ? [found.version] : []));
}

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
