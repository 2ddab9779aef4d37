// Stands in for npm and npx in a test that has no time for them: what a page installs is linked from this repository.
//
//     node linked-npm.mjs npm install PACKAGE ...      npm ci      npm run SCRIPT      npx PACKAGE ARGUMENT ...
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const COMMANDS = {
  'npm install': (names) => {
    for (const name of names) {
      link(name, join('node_modules', name));
    }
  },
  // Both were done before the tests.
  'npm ci': () => undefined,
  'npm run': ([script]) => {
    if (script !== 'build') {
      run(manifest.scripts[script].replace(/^node /, '').split(' '));
    }
  },
  npx: ([name, ...args]) => {
    const [[program, file]] = Object.entries(manifest.bin);
    if (name !== manifest.name && name !== program) {
      throw new Error(`not this package: ${name}`);
    }
    run([file, ...args], process.cwd());
  },
};

function link(name, place) {
  if (name === manifest.name) {
    for (const path of ['dist', 'package.json']) {
      cpSync(join(root, path), join(place, path), { recursive: true });
    }
    COMMANDS['npm install'](Object.keys(manifest.dependencies ?? {}));
    return;
  }
  const source = join(root, 'node_modules', name);
  if (!existsSync(source)) {
    throw new Error(`not in the repository: ${name}`);
  }
  if (existsSync(place)) {
    return;
  }
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(source, place);
}

function run([file, ...args], cwd = root) {
  const { status } = spawnSync(process.execPath, [join(root, file), ...args], {
    cwd,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

const [program, ...words] = process.argv.slice(2);
const command = program === 'npm' ? `npm ${words.shift()}` : program;
COMMANDS[command](words);
