import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../sandbox.mjs';

const BESIDE_THE_CODE = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];

/** What the package must hold, and nothing else: each page, and each source compiled, with its types. */
function expectedFiles() {
  const sources = readdirSync(join(root, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts'));
  const compiled = sources.flatMap((name) => {
    const stem = `dist/${name.replaceAll('\\', '/').slice(0, -'.ts'.length)}`;
    return [`${stem}.js`, `${stem}.d.ts`];
  });
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return [...BESIDE_THE_CODE, ...pages.map((name) => `docs/${name}`), ...compiled].sort();
}

export function checkFiles({ files, size, unpackedSize }) {
  assert.deepEqual(files.map(({ path }) => path).sort(), expectedFiles());
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
  return `${files.length} files, ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked`;
}
