/**
 * `npm run test:pages`: types the README, and each page of docs/ that has something to type, from top to bottom: in an
 * empty folder, with a registry in which this package is published as it is here. The tests do the same without
 * installing anything.
 *
 *     npm run test:pages -- README.md      only this
 *     npm run test:pages -- --node=22      with that Node.js
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { PAGES } from './pages/pages.mjs';
import { withRegistry } from './pages/registry.mjs';
import { withSurroundings } from './pages/surroundings.mjs';
import { walk } from './pages/walk.mjs';
import { newFolder, pack, root } from './sandbox.mjs';
import { nodeBinary } from './with-node.mjs';

const words = process.argv.slice(2);
const version = words.find((word) => word.startsWith('--node='))?.slice('--node='.length) ?? '24';
const node = nodeBinary(version);
const asked = words.filter((word) => !word.startsWith('--'));

/** What a clone of this repository would hold. */
function clone() {
  const checkout = newFolder('checkout');
  const options = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', options, { cwd: root, encoding: 'utf8' });
  for (const file of files.split('\0').filter((name) => name !== '')) {
    cpSync(join(root, file), join(checkout, file));
  }
  return checkout;
}

async function test(page, { registry, checkout }) {
  const began = performance.now();
  try {
    const commands = await withSurroundings(({ env, spans }) =>
      walk(readFileSync(join(root, page), 'utf8'), {
        folder: newFolder(join('pages', page)),
        checkout,
        spans,
        env: {
          ...process.env,
          ...env,
          PATH: [dirname(node), process.env.PATH].join(delimiter),
          npm_config_registry: registry,
          // A user is asked whether npx may install what it runs.
          npm_config_yes: 'true',
          npm_config_audit: 'false',
          npm_config_fund: 'false',
          npm_config_prefer_offline: 'true',
        },
      }),
    );
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`✓ ${page}: ${commands} commands, ${seconds} s`);
  } catch (error) {
    console.error(`✗ ${page}: ${error.message}`);
    process.exitCode = 1;
  }
}

const checkout = clone();
await withRegistry(await pack(), async (registry) => {
  for (const page of PAGES.filter((name) => asked.length === 0 || asked.includes(name))) {
    await test(page, { registry, checkout });
  }
});
