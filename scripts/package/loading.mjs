import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { importRows, OURS, PEER_PACKAGES, PEERS } from '../../bench/import.mjs';
import { install, manifest, newFolder, output, writeFiles } from '../sandbox.mjs';
import { OPENTELEMETRY_LINES, SDK_NODE } from './lines.mjs';

const API = '@opentelemetry/api';

/** What each entry point may load of this package, and of which others. */
const ENTRIES = {
  '': {
    notOurs: ['cli', 'register', 'waterfall'],
    others: [API],
  },
  '/httptrace': { notOurs: ['cli', 'emit', 'recorder', 'register', 'waterfall'], others: [API] },
  '/httpsnoop': { notOurs: ['cli', 'emit', 'recorder', 'register', 'waterfall'], others: [] },
  '/waterfall': { notOurs: ['cli', 'recorder', 'register', 'source'], others: [API] },
};

/** The most files, as a part of what the two peers load: they say as much on a busy machine. */
const MOST_FILES = 0.35;

/** The most time, as a part of what the peers take; less than half of it, but for what measurements differ. */
const MOST_TIME = 0.6;

const PRINT_LOADED = `
  for (const name of process.argv.slice(1)) require(name);
  console.log(JSON.stringify(Object.keys(require.cache)));
`;

export async function checkLoading({ file }) {
  const project = newFolder('loading');
  writeFiles(project, { 'package.json': { private: true } });
  await install(project, [
    ...[file, SDK_NODE['2.x'], ...OPENTELEMETRY_LINES['2.x']],
    ...['@opentelemetry/instrumentation-http@0.223', '@opentelemetry/instrumentation-undici@0.33'],
  ]);
  for (const [entry, { notOurs, others }] of Object.entries(ENTRIES)) {
    const loaded = await loadedBy([manifest.name + entry], project);
    const allowed = new Set([manifest.name, ...others]);
    const unexpected = packagesOf(loaded).filter((name) => !allowed.has(name));
    assert.deepEqual(unexpected, [], `${manifest.name}${entry} loads other packages`);
    const parts = sourcesOf(loaded).map((path) => path.split('/')[0]);
    const kept = notOurs.filter((part) => parts.includes(part));
    assert.deepEqual(kept, [], `${manifest.name}${entry} loads what it does not need`);
  }
  return `${await checkFileCount(project)}; ${checkTime(project)}`;
}

/** Above what the API loads, which everybody has. */
async function checkFileCount(cwd) {
  const api = new Set(await loadedBy([API], cwd));
  const above = async (names) => (await loadedBy(names, cwd)).filter((path) => !api.has(path)).length;
  const ours = await above([manifest.name]);
  const peers = await above(PEER_PACKAGES);
  assert.ok(ours <= peers * MOST_FILES, `importing loads ${ours} files, the peers ${peers}`);
  return `${ours} files, the two peers ${peers}`;
}

async function loadedBy(names, cwd) {
  const { stdout } = await output(process.execPath, ['-e', PRINT_LOADED, '--', ...names], { cwd });
  return JSON.parse(stdout).map((path) => path.replaceAll('\\', '/'));
}

/** The sources that are in our files among these: a comment tells where each begins, or the file is one. */
function sourcesOf(paths) {
  const dist = `/node_modules/${manifest.name}/dist/`;
  return paths
    .filter((path) => path.includes(dist))
    .flatMap((path) => {
      const bundled = [...readFileSync(path, 'utf8').matchAll(/^\/\/ src\/(\S+)\.ts$/gm)];
      return [path.split(dist)[1].replace(/\.js$/, ''), ...bundled.map(([, source]) => source)];
    });
}

function packagesOf(paths) {
  const names = paths.map(
    (path) =>
      path
        .split('/node_modules/')
        .at(-1)
        .match(/^(@[^/]+\/)?[^/]+/)[0],
  );
  return [...new Set(names)];
}

function checkTime(cwd) {
  const rows = new Map(importRows({ cwd }).map((row) => [row.name, row]));
  const ours = rows.get(OURS);
  const peers = rows.get(PEERS);
  assert.ok(
    ours.ms <= peers.ms * MOST_TIME,
    `importing takes ${ours.ms.toFixed(1)} ms, the peers ${peers.ms.toFixed(1)} ms`,
  );
  return `${ours.ms.toFixed(1)} ms; the two peers ${peers.ms.toFixed(1)} ms`;
}
