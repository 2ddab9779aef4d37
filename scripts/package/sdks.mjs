import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, manifest, newFolder, npm, output, root, writeFiles } from '../sandbox.mjs';
import { nodeBinary } from '../with-node.mjs';
import { OPENTELEMETRY_LINES, SDK_NODE } from './lines.mjs';

/** SDK 3.x asks for a Node.js that is newer than the oldest supported one. */
const INSTALLS_BOTH_LINES = '24';

const PROGRAM = 'sdk-app.cjs';

/** The package beside the SDK of each line: nothing else is installed with it, and the SDK takes it. */
export async function checkSdks({ file }) {
  const node = nodeBinary(INSTALLS_BOTH_LINES);
  for (const line of Object.keys(OPENTELEMETRY_LINES)) {
    const project = newFolder(`sdk-${line}`);
    writeFiles(project, { 'package.json': { private: true } });
    await install(project, [file, SDK_NODE[line], ...OPENTELEMETRY_LINES[line]], { node });
    await checkDependencies(project, node);
    copyFileSync(join(root, 'scripts/package', PROGRAM), join(project, PROGRAM));
    const { stdout, stderr } = await output(node, [PROGRAM], { cwd: project });
    assert.deepEqual([stdout, stderr], ['done\n', ''], line);
  }
  return `NodeSDK and registerInstrumentations of ${Object.keys(OPENTELEMETRY_LINES).join(' and ')}; no dependency but peers`;
}

/** What npm says that it brought along, as a user asks it. */
async function checkDependencies(cwd, node) {
  const { stdout } = await npm(['ls', '--omit=dev', '--all', '--json'], { cwd, node });
  const { dependencies = {} } = JSON.parse(stdout).dependencies[manifest.name];
  const strangers = Object.keys(dependencies).filter((name) => !(name in manifest.peerDependencies));
  assert.deepEqual(strangers, [], `${manifest.name} depends on other packages`);
}
