// `npm run bench -- --memory`: how many bytes of memory are kept for an idle connection and for a request in flight, and
// whether what is kept grows with the number of requests. Each is measured in a process of its own.
import { ok, strictEqual } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { printTable } from './harness.mjs';
import { FakeClient, FakeServer } from './instructions/http1-peers.mjs';
import { observe } from './instructions/observe.mjs';
import { startTelemetry } from './telemetry.mjs';

const CONNECTIONS = 5_000;
const ROUNDS = 5;
const MANY = 400_000;
const AT_ONCE = 50;

/** What may be kept more after that many requests, in bytes: maps grow in steps, and code is compiled. */
const SLACK = 300_000;

const ORIGIN = 'http://orders.internal:8080';
const PATH = '/orders/42';

const load = createRequire(import.meta.url);

/** Clients whose server answers when it is told to. */
function client(request, server) {
  let answered = [];
  return {
    async start(count) {
      answered = Array.from({ length: count }, request);
      while (server.asked.length < count) {
        await nextTurn();
      }
    },
    async finish() {
      server.answerAll();
      await Promise.all(answered);
      answered = [];
    },
  };
}

/**
 * Ways of making requests: `start` resolves when that many are in flight, `finish` when all of them are answered.
 *
 * @type {Record<string, { title: string, side: string, peer: string, open: () => { start: Function, finish: Function } }>}
 */
const KINDS = {
  undici: {
    title: 'undici',
    side: 'client',
    peer: 'undici',
    open() {
      const { Pool } = load('undici');
      const server = new FakeServer();
      const connect = (_options, done) => setImmediate(() => done(null, server.connect()));
      const pool = new Pool(ORIGIN, { connect, connections: CONNECTIONS, keepAliveTimeout: 600_000 });
      const request = async () => {
        const { body } = await pool.request({ path: PATH, method: 'GET' });
        return body.dump();
      };
      return client(request, server);
    },
  },
  'node-client': {
    title: '`node:http` client',
    side: 'client',
    peer: 'http',
    open() {
      const http = load('http');
      const server = new FakeServer();
      const agent = new http.Agent({ keepAlive: true, maxFreeSockets: CONNECTIONS });
      agent.createConnection = () => server.connect();
      const options = { host: 'orders.internal', port: 8080, path: PATH, agent };
      const request = () =>
        new Promise((resolve, reject) => {
          const get = http.get(options, (response) => response.on('end', resolve).resume());
          get.on('error', reject);
        });
      return client(request, server);
    },
  },
  'http-server': {
    title: 'http server',
    side: 'server',
    peer: 'http',
    open() {
      const waiting = [];
      const server = load('http').createServer((_request, response) => waiting.push(response));
      const clients = [];
      let asked = [];
      return {
        async start(count) {
          while (clients.length < count) {
            clients.push(new FakeClient(server));
          }
          asked = clients.slice(0, count).map((one) => one.ask());
          while (waiting.length < count) {
            await nextTurn();
          }
        },
        async finish() {
          for (const response of waiting.splice(0)) {
            response.end('{"id":42}');
          }
          await Promise.all(asked);
          asked = [];
        },
      };
    },
  },
};

/** What is kept when all has been collected that can be. */
async function kept() {
  for (let turn = 0; turn < 4; turn++) {
    await nextTurn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function measure(kind, column) {
  const telemetry = startTelemetry();
  await observe(kind, column, telemetry);
  const { start, finish } = kind.open();
  let made = 0;
  const make = async (count, times) => {
    for (let time = 0; time < times; time++) {
      await start(count);
      await finish();
      made += count;
    }
  };
  await make(1, 3_000);
  const before = await kept();
  await make(CONNECTIONS, 2);
  const idle = await kept();
  const inFlight = [];
  for (let round = 0; round < ROUNDS; round++) {
    const without = await kept();
    await start(CONNECTIONS);
    inFlight.push((await kept()) - without);
    await finish();
    made += CONNECTIONS;
  }
  await nextTurn();
  const spans = column === 'nothing' ? 0 : made;
  strictEqual(telemetry.processor.ended, spans, 'not each request had a span');
  return { idle: (idle - before) / CONNECTIONS, inFlight: median(inFlight) / CONNECTIONS };
}

/** How much more is kept after so many requests. */
async function growth(kind, column) {
  const telemetry = startTelemetry();
  await observe(kind, column, telemetry);
  const { start, finish } = kind.open();
  const make = async (count) => {
    for (let made = 0; made < count; made += AT_ONCE) {
      await start(AT_ONCE);
      await finish();
    }
    return kept();
  };
  const before = await make(MANY / 10);
  const after = await make(MANY);
  strictEqual(telemetry.processor.ended, MANY + MANY / 10, 'not each request had a span');
  return { grown: after - before };
}

const TASKS = { measure, growth };

function inAProcess(task, kind, column) {
  const args = ['--expose-gc', fileURLToPath(import.meta.url), task, kind, column];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

/** @param {string[]} words Names of kinds; none: all. */
export function memory(words) {
  const kinds = Object.keys(KINDS).filter((kind) => words.length === 0 || words.includes(kind));
  ok(kinds.length > 0, `there are ${Object.keys(KINDS).join(', ')}`);
  const rows = kinds.map((kind) => {
    const [nothing, ours, peer] = ['nothing', 'all', 'peer'].map((column) =>
      inAProcess('measure', kind, column),
    );
    const { grown } = inAProcess('growth', kind, 'all');
    const above = (what) => [ours, peer].map((one) => (one[what] - nothing[what]).toFixed(0));
    return { kind, grown, cells: [KINDS[kind].title, ...above('idle'), ...above('inFlight'), grown] };
  });
  printTable(
    'Bytes that are kept, above those that are without',
    [
      ...['', 'idle connection, ours', 'peer', 'request in flight, ours', 'peer'],
      `after ${MANY.toLocaleString('en')} more requests`,
    ],
    rows.map(({ cells }) => cells),
  );
  for (const { kind, grown } of rows) {
    ok(grown < SLACK, `${kind}: ${grown} bytes more are kept after ${MANY} requests`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , task, kind, column] = process.argv;
  console.log(JSON.stringify(await TASKS[task](KINDS[kind], column)));
  process.exit();
}
