/**
 * `npm run hops`: how far one request travels through this package. For each client and for a server it prints the
 * files and functions of `src` that one warm request runs through, and how many calls that takes. With `--list` it
 * prints each function, so that the journey can be read.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiled = realpathSync(mkdtempSync(join(tmpdir(), 'hops-')));

const KINDS = ['undici', 'node:http', 'node:http2', 'server'];

/**
 * One file for each of the source's: in the bundles of `dist` they could not be told apart. They are ES modules, for in
 * CommonJS a constant that is exported again becomes a getter, which would count as a function. The bundles have none.
 */
function compile() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  run([
    compiler,
    ...['-p', 'tsconfig.build.json', '--outDir', compiled],
    ...['--module', 'es2022', '--moduleResolution', 'bundler'],
    ...['--emitDeclarationOnly', 'false', '--declaration', 'false'],
  ]);
  writeFileSync(join(compiled, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(root, 'node_modules'), join(compiled, 'node_modules'), 'dir');
}

function measure(kind) {
  return JSON.parse(run([join(root, 'scripts', 'hops', 'measure.mjs'), compiled, kind]));
}

function run(args) {
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) {
    console.error(stdout);
    process.exit(1);
  }
  return stdout;
}

const isListing = process.argv.includes('--list');
const chosen = KINDS.filter((kind) => process.argv.includes(kind));

process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));
compile();
console.log('one warm request      files  functions  calls');
for (const kind of chosen.length > 0 ? chosen : KINDS) {
  const hops = measure(kind);
  const counts = [
    new Set(hops.map(({ file }) => file)).size,
    hops.length,
    hops.reduce((sum, { calls }) => sum + calls, 0),
  ];
  console.log(`${kind.padEnd(20)} ${counts.map((count) => `${count}`.padStart(6)).join('    ')}`);
  if (isListing) {
    for (const { file, name, calls } of hops) {
      console.log(`  ${file}  ${name}${calls > 1 ? ` ×${calls}` : ''}`);
    }
  }
}
