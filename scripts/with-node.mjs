/**
 * Runs a program of this repository's node_modules with another version of Node.js, which comes from the `node`
 * package of the npm registry and is kept in .cache:
 *
 *     node scripts/with-node.mjs 24 vitest run test/httpsnoop
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

export function nodeBinary(version) {
  const prefix = join(root, '.cache', `node-${version}`);
  const binary = join(prefix, 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(binary)) {
    run('npm', ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', `node@${version}`]);
  }
  return binary;
}

function programFile(name) {
  const folder = join(root, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[name]);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd: root });
  if (error) {
    throw error;
  }
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

const [version, program, ...args] = process.argv.slice(2);
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (program === undefined) {
    console.error('usage: node scripts/with-node.mjs <version> <program> [arguments]');
    process.exit(2);
  }
  const binary = nodeBinary(version);
  run(binary, ['--version']);
  run(binary, [programFile(program), ...args]);
}
