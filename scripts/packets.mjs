/**
 * `node scripts/packets.mjs`: holds the phases of requests against the packets on the loopback interface, and prints
 * by how much they differ. Needs `tshark` (Debian: `apt-get install tshark`) and the right to capture. It is no part
 * of the tests: what a capture costs, and when it begins, is the machine's affair.
 *
 * Each request has a connection of its own. A phase is compared with the packets between which it lies:
 *
 *     connect   SYN to SYN-ACK                      send      end of the set-up to the last packet of the request
 *     tls       ClientHello to the last Finished    wait      to the first packet of the response
 *                                                   receive   to its last packet
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(join(root, 'package.json'));
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} = require('@opentelemetry/sdk-trace-base');
const { context } = require('@opentelemetry/api');
const { Agent, request: undiciRequest } = require('undici');
const { HttpTraceInstrumentation } = require(join(root, 'dist', 'index.js'));

const REQUESTS = 30;
const PHASES = ['connect', 'tls', 'send', 'wait', 'receive'];
const TLS = { changeCipherSpec: 20, alert: 21 };

const CASES = {
  'small GET, 20 ms': { path: '/slow' },
  '1 MB response': { path: '/large' },
  '24 MB upload': { path: '/upload', body: Buffer.alloc(24 * 1024 * 1024, 'x'), requests: 5 },
};

const certs = join(root, 'test', 'certs');
const ca = readFileSync(join(certs, 'ca.pem'));
const LARGE = Buffer.alloc(1024 * 1024, 'x');

async function answer(req, res) {
  await once(req.resume(), 'end');
  await setTimeout(20);
  res.end(req.url === '/large' ? LARGE : 'hello');
}

// Which record of TLS 1.3 is the last of the handshake does not show in its packets.
const servers = {
  http: http.createServer(answer),
  https: https.createServer(
    {
      key: readFileSync(join(certs, 'localhost.key')),
      cert: readFileSync(join(certs, 'localhost.pem')),
      maxVersion: 'TLSv1.2',
    },
    answer,
  ),
};

/** One request on a connection of its own. */
const CLIENTS = {
  async undici(url, body) {
    const dispatcher = new Agent({ connect: { ca }, pipelining: 0 });
    const response = await undiciRequest(url, { dispatcher, body, method: body ? 'POST' : 'GET' });
    await response.body.arrayBuffer();
    await dispatcher.close();
  },
  async fetch(url, body) {
    const headers = { connection: 'close' };
    const response = await fetch(url, { body, method: body ? 'POST' : 'GET', headers });
    await response.arrayBuffer();
  },
  async 'node:http'(url, body) {
    const { request } = url.startsWith('https:') ? https : http;
    const req = request(url, { agent: false, ca, method: body ? 'POST' : 'GET' }).end(body);
    const [response] = await once(req, 'response');
    await once(response.resume(), 'end');
  },
};

/** The packets between us and these ports, until it is stopped. */
async function capture(ports) {
  const filter = ports.map((port) => `tcp port ${port}`).join(' or ');
  const fields = [
    'frame.time_epoch',
    'tcp.srcport',
    'tcp.dstport',
    'tcp.len',
    'tcp.flags.syn',
    'tls.record.content_type',
  ];
  const program = spawn('tshark', [
    ...['-i', 'lo', '-B', '64', '-s', '2048', '-l', '-Q', '-f', filter, '-T', 'fields'],
    ...ports.flatMap((port) => ['-d', `tcp.port==${port},tls`]),
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  program.on('error', (error) => {
    console.error(`${error.message}: install tshark (Debian: apt-get install tshark)`);
    process.exit(1);
  });
  program.stderr.pipe(process.stderr);
  const packets = [];
  createInterface(program.stdout).on('line', (line) => {
    const [at, from, to, length, syn, types = ''] = line.split('\t');
    const records = types.split(',').filter(Boolean).map(Number);
    packets.push({
      at: Number(at) * 1000,
      from: Number(from),
      to: Number(to),
      length: Number(length),
      syn: /1|True/.test(syn),
      records,
    });
  });
  return {
    packets,
    async stop() {
      await setTimeout(2_000);
      program.kill('SIGINT');
      await once(program, 'close');
    },
  };
}

/** When each phase began and ended on the wire, in milliseconds. */
function phasesOfPackets(packets, port, isTls) {
  const [syn, synAck] = packets.filter((packet) => packet.syn);
  const data = packets.filter(({ length }) => length > 0);
  // The server's ChangeCipherSpec comes with its Finished, the last word of a handshake of TLS 1.2.
  const finished = data.find(({ from, records }) => from === port && records.includes(TLS.changeCipherSpec));
  const setUpAt = isTls ? finished.at : synAck.at;
  const content = data.filter(({ at, records }) => at > setUpAt && records[0] !== TLS.alert);
  const sent = content.filter(({ to }) => to === port);
  const received = content.filter(({ from }) => from === port);
  return {
    connect: synAck.at - syn.at,
    tls: isTls ? setUpAt - data[0].at : Number.NaN,
    send: sent.at(-1).at - setUpAt,
    wait: received[0].at - sent.at(-1).at,
    receive: received.at(-1).at - received[0].at,
  };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

for (const server of Object.values(servers)) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}
const ports = Object.values(servers).map((server) => server.address().port);
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const instrumentation = new HttpTraceInstrumentation({
  server: { enabled: false },
  optInAttributes: ['network.local.port'],
});
instrumentation.setTracerProvider(provider);
instrumentation.enable();

const { packets, stop } = await capture(ports);
await setTimeout(2_000);
const rows = [];
for (const [scheme, server] of Object.entries(servers)) {
  const { port } = server.address();
  for (const [client, send] of Object.entries(CLIENTS)) {
    for (const [name, { path, body, requests = REQUESTS }] of Object.entries(CASES)) {
      if (
        scheme === 'https' &&
        client === 'fetch' &&
        process.env.NODE_EXTRA_CA_CERTS !== join(certs, 'ca.pem')
      ) {
        continue;
      }
      exporter.reset();
      const beganAt = Date.now();
      for (let count = 0; count < requests; count++) {
        await send(`${scheme}://localhost:${port}${path}`, body);
        // The span of a request ends with its connection's turn.
        await setTimeout(5);
      }
      rows.push({
        beganAt,
        title: `${client}, ${scheme}, ${name}`,
        port,
        isTls: scheme === 'https',
        spans: exporter.getFinishedSpans(),
      });
    }
  }
}
await stop();

console.log(`median difference in ms${' '.repeat(18)}${PHASES.map((phase) => phase.padStart(9)).join('')}`);
for (const { title, port, isTls, spans, beganAt } of rows) {
  const differences = spans.map(({ attributes, events }) => {
    const local = events.find((event) => event.name === 'http.getconn.done').attributes['network.local.port'];
    const onWire = phasesOfPackets(
      packets.filter(
        ({ at, from, to }) => at > beganAt && [from, to].includes(local) && [from, to].includes(port),
      ),
      port,
      isTls,
    );
    return Object.fromEntries(
      PHASES.map((phase) => [
        phase,
        Math.abs(attributes[`httptrace.${phase}.duration`] * 1000 - onWire[phase]),
      ]),
    );
  });
  const cells = PHASES.map((phase) => {
    const known = differences.map((difference) => difference[phase]).filter((value) => !Number.isNaN(value));
    return (known.length === 0 ? '-' : median(known).toFixed(2)).padStart(9);
  });
  console.log(`${title.padEnd(40)} ${cells.join('')}`);
}
process.exit(0);
