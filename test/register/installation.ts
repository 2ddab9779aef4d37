import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { copyApi } from '../support/peers/api-copy.js';

const ROOT = join(__dirname, '..', '..');
const OWN_NAME = 'opentelemetry-instrumentation-httptrace';

/** A folder in which this package is installed, and only what is added to it. */
export class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), 'httptrace-'));
  readonly register = join(this.folder, 'node_modules', OWN_NAME, 'dist', 'register.js');

  constructor(packages: string[]) {
    onTestFinished(() => rmSync(this.folder, { recursive: true }));
    const own = dirname(dirname(this.register));
    mkdirSync(own, { recursive: true });
    cpSync(join(ROOT, 'dist'), join(own, 'dist'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(own, 'package.json'));
    for (const name of packages) {
      const link = this.path(name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), link);
    }
  }

  path(...names: string[]): string {
    return join(this.folder, ...names.flatMap((name) => ['node_modules', name]));
  }

  /** Adds a package of one file. */
  add(name: string, program: string): void {
    mkdirSync(this.path(name), { recursive: true });
    writeFileSync(join(this.path(name), 'index.js'), program);
  }

  /** Adds a copy of `@opentelemetry/api` of another version, for one package alone. */
  addApiFor(name: string, version: string): void {
    copyApi(this.path(name, '@opentelemetry/api'), version);
  }
}
