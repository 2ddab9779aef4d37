import { readFileSync } from 'node:fs';
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
