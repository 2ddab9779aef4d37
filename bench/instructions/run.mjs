// `npm run bench -- --instructions`: what a warm request costs, counted by valgrind in instructions of the processor.
//
//     npm run bench -- --instructions undici-replayed all floor      only these rows and columns
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { median, printTable } from '../harness.mjs';
import { CAPTURE_METRICS, LOADING, ROWS } from './rows.mjs';
import { hasValgrind, run, runCounted } from './valgrind.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const SUBJECT = file('subject.mjs');

const COLUMNS = {
  nothing: 'nothing',
  all: 'ours',
  attributes: 'attributes alone',
  off: 'hooks off',
  unsampled: 'not sampled',
  peer: 'peer',
  floor: 'floor',
};

function columnsOf(row) {
  return Object.keys(COLUMNS).filter(
    (column) =>
      (column !== 'peer' || row.peer !== undefined) && (column !== 'attributes' || row.side === 'client'),
  );
}

const CELLS = {
  ...Object.fromEntries(Object.entries(ROWS).map(([name, row]) => [name, columnsOf(row)])),
  'capture-metrics': ['nothing', 'all'],
  loading: Object.keys(LOADING.packages),
};

const TITLES = { ...ROWS, 'capture-metrics': CAPTURE_METRICS, loading: LOADING };

/** Two counts of a cell that agree so far stand for it. */
const AGREED = 0.01;
const MOST_COUNTS = 5;

/**
 * Counts one cell in several processes, until the two least counts agree. Now and then the engine compiles something
 * later than it mostly does, or throws it away once more, and that only adds.
 *
 * @returns The least count, for one unit of the cell, and how far the next one is from it.
 */
async function agreed(name, column) {
  const counts = [await count(name, column)];
  let apart;
  do {
    counts.push(await count(name, column));
    counts.sort((a, b) => a.instructions - b.instructions);
    apart = counts[1].instructions / counts[0].instructions - 1;
  } while (apart > AGREED && counts.length < MOST_COUNTS);
  return { ...counts[0], apart };
}

/** @returns What one process counted of a cell, for one unit of it. */
async function count(name, column) {
  if (name === 'loading') {
    const { instructions } = await runCounted([file('loading.mjs'), ...LOADING.packages[column]]);
    return { instructions: instructions[0] };
  }
  const env =
    column === 'floor'
      ? { HTTPTRACE_BENCH_RECORDED: await run(process.execPath, [SUBJECT, 'recorded', name]) }
      : {};
  const { instructions, printed } = await runCounted([SUBJECT, 'instructions', name, column], env);
  return {
    instructions: Math.min(...instructions) / TITLES[name].stretch,
    bytes: printed === '' ? undefined : median(JSON.parse(printed)),
  };
}

/**
 * Counts as many cells at once as there are processors. They do not disturb each other: what is counted is what a process
 * does, and not how long it takes or waits for a processor.
 *
 * @param {[name: string, column: string][]} cells
 * @returns Those of each row.
 */
async function countAll(cells) {
  const rows = Object.fromEntries(cells.map(([name]) => [name, {}]));
  const waiting = [...cells];
  let done = 0;
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, column] = next;
      const counted = await agreed(name, column);
      if (!(counted.instructions > 0)) {
        throw new Error(`${name}, ${column}: nothing was counted; has this node its symbols?`);
      }
      rows[name][column] = counted;
      done++;
      process.stderr.write(
        `${done}/${cells.length} ${name}, ${COLUMNS[column]}: ${shown(name, counted.instructions)}\n`,
      );
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return rows;
}

function shown(name, value) {
  return value === undefined ? '–' : (value / (name === 'loading' ? 1e6 : 1e3)).toFixed(1);
}

/** What `column` adds, as a part of what another one does. */
function ratio(cells, column, to) {
  const added = (of) => cells[of]?.instructions - cells.nothing?.instructions;
  const value = added(column) / added(to);
  return Number.isFinite(value) ? value.toFixed(2) : '–';
}

function print(rows) {
  const names = Object.keys(COLUMNS);
  printTable(
    'Instructions of one warm request, in thousands',
    ['', ...Object.values(COLUMNS), 'ours ÷ peer', 'ours ÷ floor'],
    rows.map(([name, cells]) => [
      TITLES[name].title,
      ...names.map((column) => shown(name, cells[column]?.instructions)),
      ratio(cells, 'all', 'peer'),
      ratio(cells, 'all', 'floor'),
    ]),
  );
  console.log('\n÷: what is added to nothing, as a part of what the other one adds.');
  printTable(
    'What is added, as a part of what the peer adds',
    ['', ...['all', 'attributes', 'off', 'unsampled', 'floor'].map((column) => COLUMNS[column])],
    rows
      .filter(([, cells]) => cells.peer !== undefined)
      .map(([name, cells]) => [
        TITLES[name].title,
        ...['all', 'attributes', 'off', 'unsampled', 'floor'].map((column) => ratio(cells, column, 'peer')),
      ]),
  );
  printTable(
    'Bytes that it allocates',
    ['', ...Object.values(COLUMNS)],
    rows
      .filter(([name]) => name in ROWS)
      .map(([name, cells]) => [
        TITLES[name].title,
        ...names.map((column) => cells[column]?.bytes.toFixed(0) ?? '–'),
      ]),
  );
}

/** @param {string[]} words Names of rows and columns; none: all. */
export async function instructions(words) {
  if (!hasValgrind()) {
    throw new Error(
      'valgrind counts the instructions, and is not installed: `apt-get install valgrind`, or what your Linux has',
    );
  }
  const unknown = words.filter((word) => !(word in CELLS || word in COLUMNS));
  if (unknown.length > 0) {
    throw new Error(
      `no such row or column: ${unknown.join(', ')}\nrows: ${Object.keys(CELLS).join(', ')}\ncolumns: ${Object.keys(COLUMNS).join(', ')}`,
    );
  }
  const names = words.filter((word) => word in CELLS);
  const columns = words.filter((word) => word in COLUMNS);
  const cells = Object.entries(CELLS).flatMap(([name, all]) =>
    all
      .filter((column) => columns.length === 0 || columns.includes(column))
      .filter(() => names.length === 0 || names.includes(name))
      .map((column) => [name, column]),
  );
  const rows = await countAll(cells);
  console.log(`Node ${process.version}, ${process.arch}`);
  print(Object.entries(rows));
  console.log(`\n${apartMost(rows)}`);
}

/** How far the two counts of a cell were from each other at most. */
function apartMost(rows) {
  const all = Object.entries(rows).flatMap(([name, cells]) =>
    Object.entries(cells).map(([column, { apart }]) => ({ name, column, apart })),
  );
  const { name, column, apart } = all.reduce((most, one) => (one.apart > most.apart ? one : most));
  const percent = (apart * 100).toFixed(2);
  return `Each cell was counted until two processes agreed within ${AGREED * 100} %, in at most ${MOST_COUNTS}. The two differ most in ${name}, ${COLUMNS[column]}: by ${percent} %.`;
}
