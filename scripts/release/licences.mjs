import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../sandbox.mjs';

/** They may be used under the licence of this package. */
const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

/** The licence of everything that is installed with the package, peers that are not optional included. */
export function checkLicences() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const licences = new Map();
  collect(packages, '', licences);
  const refused = [...licences].filter(([, licence]) => !ALLOWED.includes(licence));
  assert.deepEqual(refused, []);
  assert.ok(licences.size > 0);
  return [...licences].map(([name, licence]) => `${name} ${licence}`).join(', ');
}

function collect(packages, path, licences) {
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = packages[path];
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  for (const name of [...Object.keys(dependencies), ...peers]) {
    const installed = resolve(packages, path, name);
    if (!licences.has(name)) {
      const { license } = JSON.parse(readFileSync(join(root, installed, 'package.json'), 'utf8'));
      licences.set(name, license);
      collect(packages, installed, licences);
    }
  }
}

/** Where Node.js finds a package: in the nearest node_modules. */
function resolve(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (candidate in packages) {
      return candidate;
    }
    if (folder === '') {
      throw new Error(`${from} needs ${name}, which package-lock.json does not have`);
    }
  }
}
