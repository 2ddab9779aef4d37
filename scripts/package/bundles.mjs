import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, newFolder, output, root, writeFiles } from '../sandbox.mjs';
import { OPENTELEMETRY_LINES } from './lines.mjs';

const TOOLS = [
  'esbuild',
  'rollup',
  '@rollup/plugin-commonjs',
  '@rollup/plugin-json',
  '@rollup/plugin-node-resolve',
];

const ESBUILD = ['app.mjs', '--bundle', '--platform=node', '--log-level=warning'];
/** What each bundled CommonJS package needs in an ES module, whoever wrote it. */
const REQUIRE = `--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;
const ROLLUP = [
  ...['app.mjs', '--silent'],
  ...['-p', '@rollup/plugin-node-resolve={preferBuiltins:true}'],
  // undici asks for it where there is one; rollup would ask for it everywhere.
  ...['-p', '@rollup/plugin-commonjs={ignore:["node:sqlite"]}'],
  ...['-p', '@rollup/plugin-json'],
];

const BUNDLES = {
  'esbuild.cjs': ['esbuild', [...ESBUILD, '--format=cjs', '--outfile=out/esbuild.cjs']],
  'esbuild.mjs': ['esbuild', [...ESBUILD, '--format=esm', REQUIRE, '--outfile=out/esbuild.mjs']],
  'minified.cjs': ['esbuild', [...ESBUILD, '--format=cjs', '--minify', '--outfile=out/minified.cjs']],
  'rollup.cjs': ['rollup', [...ROLLUP, '-f', 'cjs', '-o', 'out/rollup.cjs']],
  'rollup.mjs': ['rollup', [...ROLLUP, '-f', 'es', '-o', 'out/rollup.mjs']],
};

const SERVER = 1;
const CLIENT = 2;

export async function checkBundles({ file }) {
  const project = newFolder('bundles');
  writeFiles(project, { 'package.json': { private: true } });
  await install(project, [file, 'undici@7', ...OPENTELEMETRY_LINES['2.x'], ...TOOLS]);
  copyFileSync(join(root, 'scripts/package/app.mjs'), join(project, 'app.mjs'));
  // In a folder of its own a bundle finds no package: what runs is in the one file.
  const alone = newFolder('bundled');
  for (const [bundle, [program, args]] of Object.entries(BUNDLES)) {
    const { stderr } = await output(join(project, 'node_modules/.bin', program), args, { cwd: project });
    assert.equal(stderr, '', bundle);
    copyFileSync(join(project, 'out', bundle), join(alone, bundle));
    const { stdout } = await output(process.execPath, [bundle], { cwd: alone });
    checkTrace(bundle, JSON.parse(stdout));
  }
  return Object.keys(BUNDLES).join(', ');
}

function checkTrace(bundle, { hooks, spans, written }) {
  assert.deepEqual(hooks, ['gotConn'], bundle);
  assert.equal(written, 4, bundle);
  const events = (wanted) => spans.find(({ kind }) => kind === wanted)?.events ?? [];
  assert.ok(events(CLIENT).includes('http.connect.done'), bundle);
  assert.ok(events(SERVER).includes('http.response.head'), bundle);
}
