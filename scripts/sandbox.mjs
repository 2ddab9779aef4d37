// What the checks of the packed package share: the package as it would be published, in a folder of a user's own.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The folder that everything of this run is in; it is removed at the end, unless KEEP is set. */
const workshop = mkdtempSync(join(tmpdir(), 'httptrace-'));
process.on('exit', () => {
  if (process.env.KEEP) {
    console.log(`kept: ${workshop}`);
  } else {
    rmSync(workshop, { recursive: true, force: true, maxRetries: 3 });
  }
});

export function newFolder(name) {
  const folder = join(workshop, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function writeFiles(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
  }
}

/** Does the same to each of them, to as many at once as the machine has processors; the results in their order. */
export async function forEachOf(items, body) {
  const results = [];
  const waiting = [...items.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, item] = next;
      results[index] = await body(item);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}

/** Builds and packs the package: what npm would publish, and where it is. */
export async function pack() {
  await npm(['run', 'build'], { cwd: root });
  const { stdout } = await npm(
    ['pack', '--ignore-scripts', '--json', '--pack-destination', newFolder('packed')],
    { cwd: root },
  );
  const parsed = JSON.parse(stdout);
  const [report] = Array.isArray(parsed) ? parsed : Object.values(parsed);
  return { ...report, file: join(newFolder('packed'), report.filename) };
}

/** Installs packages as a user would; a warning fails as an error does. */
export async function install(cwd, packages, { node, args = [] } = {}) {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
  const { stderr } = await npm(['install', ...quiet, ...args, ...packages], { cwd, node });
  const warnings = npmWarnings(stderr);
  if (warnings.length > 0) {
    throw new Error(`npm install ${packages.join(' ')} warns:\n${warnings.join('\n')}`);
  }
}

/**
 * What npm has to say about the packages. What it says about its own configuration is not meant, nor that it asks before
 * it runs the install scripts of others.
 */
function npmWarnings(stderr) {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('npm warn') && !/^npm warn Unknown \w+ config /.test(line))
    .filter((line) => !line.startsWith('npm warn install-scripts') || line.includes(manifest.name));
}

/** Runs npm, with another version of Node.js if one is given: the packages' engines are then checked against it. */
export function npm(args, { cwd, node = process.execPath }) {
  return output(node, [npmProgram(), ...args], { cwd });
}

function npmProgram() {
  const { npm_execpath: program } = process.env;
  if (!program?.endsWith('npm-cli.js')) {
    throw new Error('run this by npm: npm run …');
  }
  return program;
}

/** Runs a program to its end; an exit code other than 0 is an error that says what was written. */
export async function output(program, args, { cwd, env, timeout = 300_000 } = {}) {
  try {
    return await run(program, args, {
      cwd,
      env: { ...process.env, ...env },
      timeout,
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = error;
    const command = [program, ...args].join(' ');
    throw new Error(`${command}\nfailed: ${error.signal ?? error.code}\n${stdout}${stderr}`);
  }
}
