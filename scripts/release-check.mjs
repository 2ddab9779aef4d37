/**
 * `npm run release:check`: whether what is here can be published.
 *
 *     npm run release:check -- --final       the changelog must have a date, too
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkFiles } from './package/files.mjs';
import { checkLint } from './package/lint.mjs';
import { checkLicences } from './release/licences.mjs';
import { manifest, npm, pack, root } from './sandbox.mjs';

const isFinal = process.argv.includes('--final');

/** Who installs the package today most likely has this. */
const MATRIX_CELL = ['24', '3.x', 'undici 7'];

const read = (name) => readFileSync(join(root, name), 'utf8');

function checkVersion() {
  const { version } = manifest;
  assert.equal(JSON.parse(read('package-lock.json')).version, version, 'package-lock.json');
  const [, inCode] = read('src/version.ts').match(/VERSION = '(.*)'/);
  assert.equal(inCode, version, 'src/version.ts');
  const [head, inChangelog, when] = read('CHANGELOG.md').match(/^## (\S+) \((.*)\)$/m);
  assert.equal(inChangelog, version, 'CHANGELOG.md');
  if (isFinal) {
    assert.match(when, /^\d{4}-\d\d-\d\d$/, 'the date in CHANGELOG.md');
  }
  return head.slice('## '.length);
}

async function checkMatrixCell() {
  const { stdout } = await npm(['run', '--silent', 'test:matrix', '--', ...MATRIX_CELL], { cwd: root });
  return stdout.split('\n')[0];
}

const packed = await pack();
const CHECKS = {
  version: checkVersion,
  licences: checkLicences,
  files: () => checkFiles(packed),
  lint: () => checkLint(packed),
  matrix: checkMatrixCell,
};

for (const [name, check] of Object.entries(CHECKS)) {
  try {
    console.log(`✓ ${name}: ${await check()}`);
  } catch (error) {
    console.error(`✗ ${name}: ${error.message}`);
    process.exitCode = 1;
  }
}
