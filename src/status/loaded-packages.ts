import { createRequire } from 'node:module';
import { packageOf } from './package-of.js';

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
