/**
 * `npm run test:examples`: installs each example as a user would, with the package as it would be published, runs it,
 * and looks at what it prints. On a Node.js that is too old for OpenTelemetry 3.x, the same code runs with 2.x.
 *
 *     npm run test:examples -- esm koa       only these
 *     npm run test:examples -- --node=20     with that Node.js; by default one on which each of them runs as it is
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLES } from './examples/expectations.mjs';
import { installExample, neededNode } from './examples/install.mjs';
import { forEachOf, pack, root } from './sandbox.mjs';
import { nodeBinary } from './with-node.mjs';

/** `npm run demo`, which has tests of its own. */
const NOT_TO_COPY = ['demo'];

const words = process.argv.slice(2);
const version = words.find((word) => word.startsWith('--node='))?.slice('--node='.length) ?? '24';
const node = nodeBinary(version);
const asked = words.filter((word) => !word.startsWith('--'));

const folders = readdirSync(join(root, 'examples')).filter((name) => !NOT_TO_COPY.includes(name));
const untested = folders.filter((name) => !(name in EXAMPLES));
if (untested.length > 0) {
  throw new Error(`no test for examples/${untested.join(', examples/')}`);
}

const { file } = await pack();

async function test(name) {
  const needed = await neededNode(name, node);
  if (needed !== undefined) {
    console.log(`– ${name}: needs Node.js ${needed}`);
    return;
  }
  const began = performance.now();
  try {
    const example = await installExample(name, { tarball: file, node });
    await EXAMPLES[name](example);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`✓ ${name}: ${seconds} s, OpenTelemetry ${example.line}`);
  } catch (error) {
    console.error(`✗ ${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

await forEachOf(
  folders.filter((folder) => asked.length === 0 || asked.includes(folder)),
  test,
);
