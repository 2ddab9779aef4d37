import { cpus } from 'node:os';
import { printTable } from './harness.mjs';
import { undiciRows } from './undici.mjs';

const perRequest = (rows) =>
  rows.map(({ name, nsPerRequest, ratio }) => [name, nsPerRequest.toFixed(0), ratio.toFixed(2)]);

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores.`);
console.log('Only the ratios compare: the rows of a table took turns in one process.');

printTable(
  'Client, undici: one GET on a reused connection',
  ['', 'ns per request', 'ratio to the peer'],
  perRequest(await undiciRows()),
);
