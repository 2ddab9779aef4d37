// `npm run bench`: every table, each measured in a process of its own.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { printTable } from './harness.mjs';
import { importRows } from './import.mjs';
import { instructions } from './instructions/run.mjs';
import { memory } from './memory.mjs';

/** These measure side by side what they compare, and print their own table. */
const TABLES = ['undici.mjs', 'node-http.mjs', 'server.mjs', 'httpsnoop.mjs'];

const [, , mode, ...words] = process.argv;
const MODES = { '--instructions': instructions, '--memory': memory };
try {
  await (MODES[mode] ?? times)(words);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function times() {
  console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores.`);
  console.log('Only the ratios compare: the rows of a table took turns.');

  for (const table of TABLES) {
    const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(table, import.meta.url))], {
      stdio: 'inherit',
    });
    if (status !== 0) {
      process.exit(status ?? 1);
    }
  }

  printTable(
    'Loading the packages',
    ['', 'ms', 'ratio to the peers'],
    importRows().map(({ name, ms, ratio }) => [name, ms.toFixed(1), ratio.toFixed(2)]),
  );
}
