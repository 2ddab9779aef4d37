import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const API = join(__dirname, '..', '..', '..', 'node_modules', '@opentelemetry', 'api');
const PROGRAM = join('build', 'src');

/** Makes a folder a copy of `@opentelemetry/api` that takes itself for another version. */
export function copyApi(folder: string, version: string): void {
  cpSync(join(API, 'package.json'), join(folder, 'package.json'));
  cpSync(join(API, PROGRAM), join(folder, PROGRAM), {
    recursive: true,
    filter: (path) => !/\.(?:map|d\.ts)$/.test(path),
  });
  for (const file of ['package.json', join(PROGRAM, 'version.js')]) {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/(?<="version": "|VERSION = ')[\d.]+/, version));
  }
}
