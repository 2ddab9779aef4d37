import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, manifest, newFolder, output, root, writeFiles } from '../sandbox.mjs';

/** What the packages of OpenTelemetry 3.x are called in 2.x. */
const IN_2 = {
  '@opentelemetry/api': '~1.9.0',
  '@opentelemetry/auto-instrumentations-node': '^0.81.2',
  '@opentelemetry/context-async-hooks': '^2.12.0',
  '@opentelemetry/instrumentation-express': '^0.71.1',
  '@opentelemetry/instrumentation-koa': '^0.71.0',
  '@opentelemetry/sdk-node': '^0.223.0',
};

/** Copies an example, and installs what its package.json says; this package comes from the tarball. */
export async function installExample(name, { tarball, node }) {
  const folder = newFolder(join('examples', name));
  const source = join(root, 'examples', name);
  cpSync(source, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  const example = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const isFor3 = example.dependencies['@opentelemetry/api'].startsWith('^1.10');
  const replaced = isFor3 && !(await runs3(node)) ? IN_2 : {};
  for (const dependency of Object.keys(example.dependencies)) {
    example.dependencies[dependency] = replaced[dependency] ?? example.dependencies[dependency];
  }
  const wanted = example.dependencies[manifest.name];
  if (wanted !== `^${manifest.version}`) {
    throw new Error(`depends on ${manifest.name} ${wanted}; this is ${manifest.version}`);
  }
  example.dependencies[manifest.name] = `file:${tarball}`;
  writeFiles(folder, { 'package.json': example });
  await install(folder, [], { node });
  return { folder, node, scripts: example.scripts, line: isFor3 && replaced !== IN_2 ? '3.x' : '2.x' };
}

/** What the example asks for, if this Node.js is too old for it. */
export async function neededNode(name, node) {
  const { engines } = JSON.parse(readFileSync(join(root, 'examples', name, 'package.json'), 'utf8'));
  if (engines === undefined) {
    return undefined;
  }
  const [, needed] = engines.node.match(/^>=(\d+)$/);
  const [major] = await versionOf(node);
  return major < Number(needed) ? engines.node : undefined;
}

async function runs3(node) {
  const [major, minor] = await versionOf(node);
  return major > 22 || (major === 22 && minor >= 15);
}

async function versionOf(node) {
  const { stdout } = await output(node, ['-p', 'process.versions.node']);
  return stdout.split('.').map(Number);
}
