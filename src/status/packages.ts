import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** The package that a file belongs to, by the nearest `package.json` above it with a name; `undefined` if there is none. */
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
    // Most folders have no package.json.
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

/** The version of each loaded copy of a package. ES modules and bundles do not show. */
export function loadedVersions(name: keyof typeof LANDMARKS): string[] {
  // All modules of this process share the cache.
  return Object.keys(createRequire(process.execPath).cache)
    .filter((file) => LANDMARKS[name].test(file))
    .map(packageOf)
    .flatMap((found) => (found?.name === name ? [found.version] : []));
}

/** The key under which all releases of `@opentelemetry/api` 1.x look for what is registered. */
const API_GLOBAL = Symbol.for('opentelemetry.js.api.1');

/** Version of the API that registered something first; `undefined` if none did. Only that version can register more. */
export function registeredApiVersion(): string | undefined {
  const shared: typeof globalThis & { [API_GLOBAL]?: { readonly version?: string } } = globalThis;
  return shared[API_GLOBAL]?.version;
}

/** Version of the API that this package uses; `undefined` in a bundle. */
export function ownApiVersion(): string | undefined {
  try {
    return packageOf(createRequire(__filename).resolve('@opentelemetry/api'))?.version;
  } catch {
    // In a bundle there is no package to find.
    return undefined;
  }
}
