import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { reachable } from '../reachable.mjs';
import { manifest, root } from '../sandbox.mjs';

/** What a program under `httptrace --` is told to load. */
const PRELOAD = 'dist/cli/program/preload.js';

const BESIDE_THE_CODE = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];

/** What the package must hold, and nothing else: the pages, and the code and types that its entry points lead to. */
export function checkFiles({ files, size, unpackedSize }) {
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const code = reachable(root, [...targets('default'), ...Object.values(manifest.bin), PRELOAD]);
  const types = reachable(root, targets('types'));
  assert.deepEqual(
    files.map(({ path }) => path).sort(),
    [...BESIDE_THE_CODE, ...pages.map((name) => `docs/${name}`), ...code, ...types].sort(),
  );
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
  return `${files.length} files, ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked`;
}

function targets(condition) {
  return Object.values(manifest.exports).flatMap((entry) => entry[condition] ?? []);
}
