/**
 * `npm run test:matrix`: packs the package, installs it as a user would, beside every version of what it works with,
 * and runs matrix/suite.cjs there, from ES modules and from CommonJS.
 *
 *     npm run test:matrix -- --quick        each Node.js, each undici and each line of OpenTelemetry, once
 *     npm run test:matrix -- 24 3.x         only cells that have all of these words in their name
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPENTELEMETRY_LINES } from './package/lines.mjs';
import { forEachOf, install, manifest, newFolder, npm, output, pack, root, writeFiles } from './sandbox.mjs';
import { nodeBinary } from './with-node.mjs';

/** The oldest and the newest of each line of Node.js that is supported. */
const NODES = ['20.19.0', '20', '22.12.0', '22', '24', '26'];

const UNDICIS = {
  'undici 6': ['undici@6'],
  'undici 7': ['undici@7'],
  'undici 8': ['undici@8'],
  'built-in': [],
};

/** What cannot be had: who asks for which Node.js. */
const NEEDS = { 'undici 8': [22, 19], '3.x': [22, 15] };

/** Together they have each Node.js, each undici and both lines of OpenTelemetry. */
const QUICK = [
  '20.19.0 2.x undici 6',
  '22.12.0 2.x undici 7',
  '22 3.x undici 7',
  '24 2.x built-in',
  '26 3.x undici 8',
];

const MODULE_SYSTEMS = { ESM: 'app.mjs', CJS: 'app.cjs' };

function cells() {
  const all = NODES.flatMap((node) =>
    Object.keys(OPENTELEMETRY_LINES).flatMap((opentelemetry) =>
      Object.keys(UNDICIS).map((undici) => ({
        node,
        opentelemetry,
        undici,
        name: `${node} ${opentelemetry} ${undici}`,
      })),
    ),
  );
  const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
  const quick = process.argv.includes('--quick');
  return all.filter(
    ({ name, node, opentelemetry, undici }) =>
      (!quick || QUICK.includes(name)) && words.every((word) => [node, opentelemetry, undici].includes(word)),
  );
}

/** Why a cell cannot exist, if so. */
function impossible({ nodeVersion, opentelemetry, undici }) {
  const [major, minor] = nodeVersion.split('.').map(Number);
  for (const [what, [needsMajor, needsMinor]] of Object.entries(NEEDS)) {
    const wanted = what === undici || what === opentelemetry;
    if (wanted && (major < needsMajor || (major === needsMajor && minor < needsMinor))) {
      return `needs Node.js >= ${needsMajor}.${needsMinor}`;
    }
  }
  return undefined;
}

/** One project of a user, with both kinds of programs in it. */
async function runCell({ name, nodeProgram, opentelemetry, undici }, tarball) {
  const project = newFolder(name.replaceAll(' ', '-'));
  writeFiles(project, { 'package.json': { private: true } });
  await install(project, [tarball, ...OPENTELEMETRY_LINES[opentelemetry], ...UNDICIS[undici]], {
    node: nodeProgram,
  });
  await npm(['ls', '--all'], { cwd: project, node: nodeProgram });
  copyFileSync(join(root, 'matrix', 'suite.cjs'), join(project, 'suite.cjs'));
  const results = {};
  for (const [system, program] of Object.entries(MODULE_SYSTEMS)) {
    const extension = program.slice(-4);
    copyFileSync(join(root, 'matrix', program), join(project, program));
    copyFileSync(
      join(root, 'matrix', `opentelemetry-${opentelemetry[0]}${extension}`),
      join(project, `opentelemetry${extension}`),
    );
    const args = [program, UNDICIS[undici].length > 0 ? 'undici' : 'fetch'];
    const stdout = await output(nodeProgram, args, { cwd: project, timeout: 60_000 }).then((done) => {
      if (done.stderr !== '') {
        throw new Error(`${program} writes to stderr:\n${done.stderr}`);
      }
      return done.stdout;
    });
    results[system] = JSON.parse(stdout);
  }
  return results;
}

async function versionOf(nodeProgram) {
  const { stdout } = await output(nodeProgram, ['-p', 'process.versions.node']);
  return stdout.trim();
}

function describe(system, { error, impossible, results }) {
  if (impossible) {
    return '–';
  }
  if (error) {
    return '✗';
  }
  const { checks, failures } = results[system];
  return failures.length > 0 ? `✗ ${failures.length} of ${checks}` : `✓ ${checks}`;
}

function printTable(done) {
  console.log(`\n| Node.js | OpenTelemetry | modules | ${Object.keys(UNDICIS).join(' | ')} |`);
  console.log(`|${' --- |'.repeat(3 + Object.keys(UNDICIS).length)}`);
  const rows = new Map(done.map((cell) => [`${cell.node} ${cell.opentelemetry}`, cell]));
  for (const { node, nodeVersion, opentelemetry } of rows.values()) {
    for (const system of Object.keys(MODULE_SYSTEMS)) {
      const columns = Object.keys(UNDICIS).map((undici) => {
        const cell = done.find(
          (other) => other.node === node && other.opentelemetry === opentelemetry && other.undici === undici,
        );
        return cell ? describe(system, cell) : ' ';
      });
      console.log(`| ${nodeVersion} | ${opentelemetry} | ${system} | ${columns.join(' | ')} |`);
    }
  }
  const reasons = Object.entries(NEEDS).map(
    ([what, version]) =>
      `${/^\d/.test(what) ? `OpenTelemetry ${what}` : what} needs Node.js >= ${version.join('.')}`,
  );
  console.log(`\n✓ n: all n checks hold. –: cannot exist, ${reasons.join(', ')}. Empty: not run.`);
}

async function main() {
  const { file } = await pack();
  const known = [];
  for (const cell of cells()) {
    const nodeProgram = nodeBinary(cell.node);
    known.push({ ...cell, nodeProgram, nodeVersion: await versionOf(nodeProgram) });
  }
  const done = await forEachOf(known, async (cell) => {
    const began = performance.now();
    const outcome = await outcomeOf(cell, file);
    report(cell.name, outcome, performance.now() - began);
    return { ...cell, ...outcome };
  });
  printTable(done);
  const failed = done.filter(
    ({ error, results = {} }) => error || Object.values(results).some(({ failures }) => failures.length > 0),
  );
  if (done.length === 0 || failed.length > 0) {
    console.error(`\n${manifest.name}: ${failed.length} of ${done.length} cells fail`);
    process.exitCode = 1;
  }
}

async function outcomeOf(cell, tarball) {
  const reason = impossible(cell);
  if (reason !== undefined) {
    return { impossible: reason };
  }
  return runCell(cell, tarball).then(
    (results) => ({ results }),
    (error) => ({ error }),
  );
}

function report(name, { error, impossible, results = {} }, ms) {
  console.log(`${name}: ${impossible ?? `${(ms / 1000).toFixed(1)} s`}`);
  if (error) {
    console.log(error.message);
  }
  for (const [system, { failures }] of Object.entries(results)) {
    for (const { name: check, error: stack } of failures) {
      console.log(`  ${system}: ${check}\n${stack.replaceAll(/^/gm, '    ')}`);
    }
  }
}

await main();
