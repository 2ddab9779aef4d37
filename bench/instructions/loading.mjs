// node loading.mjs <package> …      counts what loading them takes, above the API
import { createRequire } from 'node:module';
import { begin, mark } from './marks.mjs';

const require = createRequire(import.meta.url);

// Whoever uses one of the packages has loaded it.
require('@opentelemetry/api');
begin();
mark();
for (const name of process.argv.slice(2)) {
  require(name);
}
mark();
process.exit();
