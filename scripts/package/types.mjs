import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { forEachOf, install, newFolder, output, root, writeFiles } from '../sandbox.mjs';
import { nodeBinary } from '../with-node.mjs';
import { OPENTELEMETRY_LINES, SDK_NODE } from './lines.mjs';

/** The oldest that is supported, and the last of each line. */
const COMPILERS = ['5.4', '5', '6', '7'];

const RESOLUTIONS = {
  node16: { module: 'node16', files: ['usage.mts', 'usage.cts', 'sdk.mts', 'sdk.cts'] },
  nodenext: { module: 'nodenext', files: ['usage.mts', 'usage.cts', 'sdk.mts', 'sdk.cts'] },
  bundler: { module: 'esnext', files: ['usage.ts', 'sdk.ts'] },
};

/** SDK 3.x asks for a Node.js that is newer than the oldest supported one. */
const INSTALLS_BOTH_LINES = '24';

export async function checkTypes({ file }) {
  const compilers = newFolder('compilers');
  const aliases = COMPILERS.map((version) => `typescript-${version}@npm:typescript@${version}`);
  writeFiles(compilers, { 'package.json': { private: true } });
  await install(compilers, aliases);
  for (const line of Object.keys(OPENTELEMETRY_LINES)) {
    const project = newFolder(`types-${line}`);
    writeFiles(project, { 'package.json': { private: true } });
    const packages = [file, '@types/node@20', SDK_NODE[line], ...OPENTELEMETRY_LINES[line]];
    await install(project, packages, { node: nodeBinary(INSTALLS_BOTH_LINES) });
    for (const extension of ['ts', 'mts', 'cts']) {
      copyFileSync(join(root, 'scripts/package/usage.ts'), join(project, `usage.${extension}`));
      copyFileSync(join(root, `scripts/package/sdk-${line[0]}.ts`), join(project, `sdk.${extension}`));
    }
    const compilations = COMPILERS.flatMap((version) =>
      Object.entries(RESOLUTIONS).map(([moduleResolution, settings]) => ({
        version,
        moduleResolution,
        ...settings,
      })),
    );
    await forEachOf(compilations, ({ version, ...settings }) => {
      const compiler = join(compilers, 'node_modules', `typescript-${version}`, 'bin', 'tsc');
      return compile(compiler, { ...settings, version, project });
    });
  }
  return `TypeScript ${COMPILERS.join(', ')}; ${Object.keys(RESOLUTIONS).join(', ')}; beside SDK 2.x and 3.x`;
}

async function compile(compiler, { module, moduleResolution, files, version, project }) {
  const options = {
    module,
    moduleResolution,
    noEmit: true,
    skipLibCheck: false,
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'es2022',
    types: ['node'],
  };
  const config = `tsconfig-${version}-${moduleResolution}.json`;
  writeFiles(project, { [config]: { compilerOptions: options, files } });
  await output(process.execPath, [compiler, '-p', config], { cwd: project });
}
