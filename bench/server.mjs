// What observing adds to one request of an HTTP/1.1 server, with sockets that are no sockets: with nothing, with this
// package and with its peer, each in processes of its own that take turns.
//
// node bench/server.mjs
import { strictEqual } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { printRequests } from './harness.mjs';
import { SERVER_HOOKS_OFF } from './hooks.mjs';
import { startTelemetry } from './telemetry.mjs';

const BARE = 'nothing';
const PEER = '@opentelemetry/instrumentation-http';

/** How each subject begins to observe, and how many events each of its spans has then. */
const SUBJECTS = {
  [BARE]: {},
  [PEER]: {
    async observe(providers) {
      const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
      register(new HttpInstrumentation(), providers);
    },
    events: 0,
  },
  'this package, all hooks': { observe: (providers) => ours(providers, {}), events: 3 },
  'this package, no hooks': {
    observe: (providers) => ours(providers, { hooks: SERVER_HOOKS_OFF }),
    events: 0,
  },
  'this package, not sampled': {
    observe: ({ unsampled, meterProvider }) => ours({ sampled: unsampled, meterProvider }, {}),
    events: undefined,
  },
};

async function ours(providers, server) {
  const { HttpTraceInstrumentation } = await import('opentelemetry-instrumentation-httptrace');
  register(new HttpTraceInstrumentation({ client: { enabled: false }, server }), providers);
}

function register(instrumentation, { sampled, meterProvider }) {
  instrumentation.setTracerProvider(sampled);
  instrumentation.setMeterProvider(meterProvider);
}

const REQUEST = Buffer.from(
  [
    'GET /orders/42?expand=items HTTP/1.1',
    'Host: orders.internal:8080',
    'User-Agent: bench/1.0',
    'Accept: application/json',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '',
    '',
  ].join('\r\n'),
);

/** A connection to a client that is told when it has an answer. */
class FakeSocket extends Duplex {
  remoteAddress = '10.1.2.80';
  remotePort = 51234;
  localAddress = '10.1.2.3';
  localPort = 8080;
  #answered;

  constructor(answered) {
    super();
    this.#answered = answered;
  }

  _read() {
    return undefined;
  }

  _write(_chunk, _encoding, callback) {
    callback();
    this.#answered.push(this);
  }

  _writev(_chunks, callback) {
    this._write(undefined, undefined, callback);
  }

  setTimeout() {
    return this;
  }
}

const SOCKETS = 16;
const REQUESTS = 2_000;
const WARM_UPS = 15;
const BATCHES = 25;

/** @returns How many nanoseconds of the processor's time a request took: other processes need it too. */
async function serve(server, requests) {
  const answered = [];
  const sockets = Array.from({ length: SOCKETS }, () => new FakeSocket(answered));
  const started = process.cpuUsage();
  for (const socket of sockets) {
    server.emit('connection', socket);
    socket.push(REQUEST);
  }
  let left = requests - SOCKETS;
  for (let done = 0; done < requests; ) {
    await nextTurn();
    // Sent from here and not from where it was answered: a real socket is not read in the context of a request either.
    for (const socket of answered.splice(0)) {
      done++;
      if (left-- > 0) {
        socket.push(REQUEST);
      } else {
        socket.destroy();
      }
    }
  }
  const { user, system } = process.cpuUsage(started);
  return ((user + system) * 1000) / requests;
}

/** Measures one subject in this process. */
async function measure(name) {
  const { observe, events } = SUBJECTS[name];
  const telemetry = startTelemetry();
  await observe?.(telemetry);
  // The peer patches a module when it is required.
  const { createServer } = createRequire(import.meta.url)('http');
  const body = Buffer.from('{"id":42}');
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
    res.end(body);
  });
  const times = [];
  for (let i = 0; i < WARM_UPS + BATCHES; i++) {
    times.push(await serve(server, REQUESTS));
  }
  check(telemetry, times.length * REQUESTS, observe, events);
  // The least is what it takes when nothing else disturbs the machine.
  return Math.min(...times.slice(WARM_UPS));
}

/** Fails if what was measured did not do its work. */
function check({ processor }, requests, observe, events) {
  const spans = observe === undefined || events === undefined ? 0 : requests;
  strictEqual(processor.started, spans, 'not every request had a span');
  strictEqual(processor.ended, spans, 'not every span has ended');
  strictEqual(processor.events, spans * (events ?? 0), 'not every span has its events');
}

/** What the quietest processes took: the mean of three varies less than the least alone. */
function undisturbed(times) {
  const [first, second = first, third = second] = times.toSorted((a, b) => a - b);
  return (first + second + third) / 3;
}

/**
 * @returns {Promise<{ name: string, nsPerRequest: number, ratio: number }[]>} The ratio is what is added to the bare
 * request, to what the peer adds.
 */
export async function serverRows({ rounds = 30 } = {}) {
  const times = new Map(Object.keys(SUBJECTS).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, values] of times) {
      values.push(Number(execFileSync(process.execPath, [fileURLToPath(import.meta.url), name])));
    }
  }
  const bare = undisturbed(times.get(BARE));
  const added = undisturbed(times.get(PEER)) - bare;
  return [...times].map(([name, values]) => {
    const nsPerRequest = undisturbed(values);
    return { name, nsPerRequest, ratio: (nsPerRequest - bare) / added };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , subject] = process.argv;
  if (subject === undefined) {
    printRequests(
      'Server, node:http: one GET on a reused connection',
      'added, as a part of what the peer adds',
      await serverRows(),
    );
  } else {
    console.log(await measure(subject));
  }
}
