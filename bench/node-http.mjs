// What a request of node:http costs more with an instrumentation than without, ours and the peer's in one run.
//
// node bench/node-http.mjs
import { createRequire } from 'node:module';
import { Duplex } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { HttpTraceInstrumentation } from 'opentelemetry-instrumentation-httptrace';
import { median, printTable } from './harness.mjs';
import { startTelemetry } from './telemetry.mjs';

const ROUNDS = 41;
const WARM_UP = 5;
const REQUESTS_PER_ROUND = 1_000;

const RESPONSE = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sat, 21 Nov 2026 08:00:00 GMT\r\n' +
    'Connection: keep-alive\r\nContent-Length: 17\r\n\r\n{"status":"paid"}',
);

/** A connection that answers at once: what is left of the time is Node's and the instrumentation's. */
class AnsweringSocket extends Duplex {
  connecting = false;
  remoteAddress = '10.1.2.80';
  remotePort = 8080;
  localAddress = '10.1.2.3';
  localPort = 51234;
  bytesWritten = 0;

  _read() {
    return undefined;
  }

  _write(chunk, _encoding, done) {
    this.bytesWritten += chunk.length;
    done();
    this.push(RESPONSE);
  }

  setTimeout() {
    return this;
  }

  setKeepAlive() {
    return this;
  }

  setNoDelay() {
    return this;
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }
}

/** Makes requests one after another, on one connection. */
function requests(http, agent, count) {
  return new Promise((resolve, reject) => {
    let left = count;
    const next = () => {
      if (left-- === 0) {
        resolve();
        return;
      }
      http
        .get({ host: 'orders.internal', port: 8080, path: '/orders/42?expand=items', agent }, (response) => {
          response.resume();
        })
        .on('error', reject)
        .on('close', later);
    };
    // The agent has its connection back a moment after the request is closed.
    const later = () => process.nextTick(next);
    next();
  });
}

const HOOKS_OFF = Object.fromEntries(
  [
    'getConn',
    'gotConn',
    'putIdleConn',
    'gotFirstResponseByte',
    'got100Continue',
    'got1xxResponse',
    'dnsStart',
  ]
    .concat([
      'dnsDone',
      'connectStart',
      'connectDone',
      'tlsHandshakeStart',
      'tlsHandshakeDone',
      'wroteHeaders',
    ])
    .concat(['wroteHeaderField', 'wait100Continue', 'wroteRequest'])
    .map((hook) => [hook, false]),
);

/** @returns {Promise<{ name: string, nsPerRequest: number, addedNs: number, ratio: number }[]>} */
export async function nodeHttpRows(telemetry = startTelemetry()) {
  const { processor, sampled, unsampled, meterProvider } = telemetry;
  const subject = (name, expected, instrumentation, tracerProvider = sampled) => {
    instrumentation?.setTracerProvider(tracerProvider);
    instrumentation?.setMeterProvider(meterProvider);
    return { name, expected, instrumentation, times: [] };
  };
  const ours = (client) =>
    new HttpTraceInstrumentation({ enabled: false, client, server: { enabled: false } });
  const peer = new HttpInstrumentation({ disableIncomingRequestInstrumentation: true });
  // The peer patches the module when it is required.
  const http = createRequire(import.meta.url)('node:http');
  peer.disable();
  const subjects = [
    subject('node:http alone', [0, 0]),
    subject('httptrace, all default hooks', [1, 6], ours({})),
    subject('httptrace, hooks off', [1, 0], ours({ hooks: HOOKS_OFF })),
    subject('httptrace, not sampled', [0, 0], ours({}), unsampled),
    subject('instrumentation-http 0.223', [1, 0], peer),
  ];
  const restore = connectInMemory(http);
  try {
    const agent = new http.Agent({ keepAlive: true });
    await requests(http, agent, 1);
    for (const each of subjects) {
      await verify(each, http, agent, processor);
    }
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      for (const { instrumentation, times } of subjects) {
        const ns = await timed(instrumentation, http, agent);
        if (round >= 0) times.push(ns);
      }
    }
  } finally {
    restore();
  }
  return rowsOf(subjects);
}

/** Every agent connects to nobody from now on, and takes that for its own way to connect. */
function connectInMemory({ Agent }) {
  const { createConnection } = Agent.prototype;
  Agent.prototype.createConnection = () => new AnsweringSocket();
  return () => {
    Agent.prototype.createConnection = createConnection;
  };
}

async function timed(instrumentation, http, agent) {
  instrumentation?.enable();
  const start = process.hrtime.bigint();
  await requests(http, agent, REQUESTS_PER_ROUND);
  const elapsed = Number(process.hrtime.bigint() - start);
  instrumentation?.disable();
  return elapsed / REQUESTS_PER_ROUND;
}

/** A benchmark of a path that does nothing would look best of all. */
async function verify({ name, expected, instrumentation }, http, agent, processor) {
  const before = { ended: processor.ended, events: processor.events };
  instrumentation?.enable();
  await requests(http, agent, 1);
  instrumentation?.disable();
  const recorded = [processor.ended - before.ended, processor.events - before.events];
  if (recorded.join() !== expected.join()) {
    throw new Error(
      `${name}: recorded ${recorded[0]} spans and ${recorded[1]} events instead of ${expected}`,
    );
  }
}

/** The ratio is that of what is added to Node's own time, to what the peer adds. */
function rowsOf(subjects) {
  const medians = subjects.map(({ name, times }) => ({ name, nsPerRequest: median(times) }));
  const bare = medians[0].nsPerRequest;
  const peerAdded = medians.at(-1).nsPerRequest - bare;
  return medians.map(({ name, nsPerRequest }) => {
    const addedNs = nsPerRequest - bare;
    return { name, nsPerRequest, addedNs, ratio: addedNs / peerAdded };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const rows = await nodeHttpRows();
  printTable(
    'node:http: one GET on a reused connection',
    ['', 'ns per request', 'added ns', 'added, ratio to the peer'],
    rows.map(({ name, nsPerRequest, addedNs, ratio }) => [
      name,
      nsPerRequest.toFixed(0),
      addedNs.toFixed(0),
      ratio.toFixed(2),
    ]),
  );
}
