/**
 * `npm run test:package`: what npm would publish, looked at as its users will: whether it is made as npm wants it, which
 * files it has, whether each SDK takes it, and nothing comes along with it, whether it compiles with every compiler, works
 * bundled into one file, and what importing it loads and costs.
 *
 *     npm run test:package -- types bundles      only these of: lint, files, sdks, types, bundles, loading
 */
import { checkBundles } from './package/bundles.mjs';
import { checkFiles } from './package/files.mjs';
import { checkLint } from './package/lint.mjs';
import { checkLoading } from './package/loading.mjs';
import { checkSdks } from './package/sdks.mjs';
import { checkTypes } from './package/types.mjs';
import { pack } from './sandbox.mjs';

const CHECKS = {
  lint: checkLint,
  files: checkFiles,
  sdks: checkSdks,
  types: checkTypes,
  bundles: checkBundles,
  loading: checkLoading,
};

const asked = process.argv.slice(2);
const packed = await pack();
for (const [name, check] of Object.entries(CHECKS)) {
  if (asked.length === 0 || asked.includes(name)) {
    try {
      console.log(`✓ ${name}: ${await check(packed)}`);
    } catch (error) {
      console.error(`✗ ${name}: ${error.message}`);
      process.exitCode = 1;
    }
  }
}
