// One cell of the table: makes requests of one row with one way of recording them, in a process of its own.
//
// node subject.mjs instructions|recorded <row> <column>
import { strictEqual } from 'node:assert/strict';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { startTelemetry } from '../telemetry.mjs';
import { clientFloor, serverFloor } from './floor.mjs';
import { begin, mark } from './marks.mjs';
import { OURS, observe } from './observe.mjs';
import { answer, CAPTURE_METRICS, ROWS } from './rows.mjs';

/**
 * The stretches that are counted. The least of them is taken: what the engine has still to compile, and what the program
 * does once in a second, only adds.
 */
const STRETCHES = 8;

/** What makes one request of the row, recorded as the column says. */
async function opened(row, column, telemetry) {
  if (column !== 'floor') {
    return row.open(answer);
  }
  const recorded = JSON.parse(process.env.HTTPTRACE_BENCH_RECORDED);
  const outputs = {
    tracer: telemetry.sampled.getTracer('floor'),
    histogram: telemetry.meterProvider.getMeter('floor').createHistogram('floor', {
      unit: 's',
      advice: {
        explicitBucketBoundaries: [
          ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25],
          ...[0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        ],
      },
    }),
  };
  if (row.side === 'server') {
    return row.open(serverFloor(outputs, recorded, answer));
  }
  return clientFloor(outputs, recorded, await row.open());
}

/** Makes that many requests, one after the other. */
async function make(request, count) {
  for (let made = 0; made < count; made++) {
    const answered = request();
    if (answered !== undefined) {
      await answered;
    }
  }
}

/**
 * Makes room for a stretch, so that nothing is collected within it. Not more: a whole collection lets code go. What was
 * collected is told to those who asked in the next turns, of thousands of objects at once.
 */
async function collectYoung() {
  globalThis.gc({ type: 'minor' });
  await nextTurn();
  await nextTurn();
}

/** Fails if what was counted did not do its work. */
function check(row, column, { processor }, requests) {
  const spans = column === 'nothing' || column === 'unsampled' ? 0 : requests;
  strictEqual(processor.started, spans, 'not each request had a span');
  strictEqual(processor.ended, spans, 'not each span has ended');
  const events = { floor: row.events, peer: 0, nothing: 0, unsampled: 0 }[column] ?? OURS[column].events(row);
  strictEqual(processor.events, spans * events, 'not each span has its events');
}

/** Nothing is collected within a stretch: by as much as the heap has grown, so much was allocated. */
async function countRow(row, column) {
  const telemetry = startTelemetry();
  await observe(row, column, telemetry);
  const request = await opened(row, column, telemetry);
  // Our clock is compared with the wall's once in a second. What is compiled before it ever was is compiled for a path
  // that ends there, and is thrown away when it comes to it: not within what is counted.
  for (let part = 0; part < 4; part++) {
    await make(request, row.warmUp / 4);
    await delay(1_100);
  }
  await make(request, row.warmUp / 2);
  begin();
  // Timers that came due meanwhile fire first.
  await make(request, row.stretch);
  const bytes = [];
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    await collectYoung();
    const before = process.memoryUsage().heapUsed;
    mark();
    await make(request, row.stretch);
    mark();
    bytes.push((process.memoryUsage().heapUsed - before) / row.stretch);
  }
  await nextTurn();
  check(row, column, telemetry, 1.5 * row.warmUp + (1 + STRETCHES) * row.stretch);
  console.log(JSON.stringify(bytes));
}

async function countCaptureMetrics(row, column) {
  const { prepare, request } = await row.open(column);
  // In the same portions: what makes a response runs the methods that are laid over it, too.
  for (let made = 0; made < row.warmUp; made += row.stretch) {
    prepare(row.stretch);
    await make(request, row.stretch);
  }
  begin();
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    await collectYoung();
    prepare(row.stretch);
    await nextTurn();
    mark();
    await make(request, row.stretch);
    mark();
  }
}

/** What is recorded of one request, for the floor to do the same. */
async function tellRecorded(row) {
  const telemetry = startTelemetry();
  const seen = {};
  telemetry.processor.onStart = ({ attributes }) => {
    seen.start = { ...attributes };
  };
  telemetry.processor.onEnd = ({ name, attributes, events }) => {
    seen.name = name;
    seen.later = Object.fromEntries(Object.entries(attributes).filter(([key]) => !(key in seen.start)));
    seen.events = events.map((event) => [event.name, event.attributes ?? {}]);
  };
  await observe(row, 'all', telemetry);
  const request = await opened(row, 'all', telemetry);
  // The first ones dial.
  await make(request, 20);
  await nextTurn();
  seen.measured = await telemetry.measured();
  strictEqual(seen.events?.length, row.events, 'not what a request on a connection that is there has');
  console.log(JSON.stringify(seen));
}

const [, , mode, name, column] = process.argv;
if (mode === 'recorded') {
  await tellRecorded(ROWS[name]);
} else if (name === 'capture-metrics') {
  await countCaptureMetrics(CAPTURE_METRICS, column);
} else {
  await countRow(ROWS[name], column);
}
process.exit();
