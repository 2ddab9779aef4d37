import { join } from 'node:path';
import { output, root } from '../sandbox.mjs';

const LINTERS = {
  publint: ['publint/src/cli.js', '--strict'],
  // The resolution of TypeScript 4 knows no subpath exports.
  attw: ['@arethetypeswrong/cli/dist/index.js', '--profile', 'node16'],
};

export async function checkLint({ file }) {
  for (const [program, ...args] of Object.values(LINTERS)) {
    await output(process.execPath, [join(root, 'node_modules', program), file, ...args], { cwd: root });
  }
  return Object.keys(LINTERS).join(', ');
}
