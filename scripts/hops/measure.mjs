/** Runs one warm request with V8 counting calls, and prints the functions of ours that it ran, in JSON. */
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { Session } from 'node:inspector/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

const [compiled, kind] = process.argv.slice(2);
const load = createRequire(`${compiled}/index.js`);
const { AsyncLocalStorageContextManager } = load('@opentelemetry/context-async-hooks');
const { BasicTracerProvider, SimpleSpanProcessor } = load('@opentelemetry/sdk-trace-base');
const { context, propagation, trace } = load('@opentelemetry/api');
const { W3CTraceContextPropagator } = load('@opentelemetry/core');
const { HttpTraceInstrumentation } = await import(pathToFileURL(`${compiled}/index.js`).href);

const WARM = 200;

let onSpanEnd;
const exporter = {
  export(_spans, done) {
    done({ code: 0 });
    onSpanEnd?.();
  },
  shutdown: () => Promise.resolve(),
};
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const instrumentation = new HttpTraceInstrumentation({
  client: { enabled: kind !== 'server' },
  server: { enabled: kind === 'server' },
});
instrumentation.setTracerProvider(provider);
instrumentation.enable();

/** In a thread of its own: what a server does there is not counted here. */
async function listenElsewhere(source) {
  const thread = new Worker(source, { eval: true });
  thread.unref();
  const [port] = await once(thread, 'message');
  return `http://127.0.0.1:${port}`;
}

const HTTP_SERVER = `
  const server = require('node:http').createServer((req, res) => res.end('hello'));
  server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port));`;

const HTTP2_SERVER = `
  const server = require('node:http2').createServer((req, res) => res.end('hello'));
  server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port));`;

async function undiciRequests() {
  const url = await listenElsewhere(HTTP_SERVER);
  return async () => (await fetch(url)).text();
}

async function nodeRequests() {
  const url = await listenElsewhere(HTTP_SERVER);
  const agent = new http.Agent({ keepAlive: true });
  return async () => {
    const [response] = await once(http.get(url, { agent }), 'response');
    await once(response.resume(), 'end');
  };
}

async function http2Requests() {
  const session = http2.connect(await listenElsewhere(HTTP2_SERVER));
  return async () => {
    const stream = session.request({ ':path': '/' });
    await once(stream.resume(), 'close');
  };
}

/** The client is a bare socket. */
async function servedRequests() {
  const server = http.createServer((_req, res) => res.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect(server.address().port, '127.0.0.1');
  return async () => {
    socket.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await once(socket, 'data');
  };
}

const REQUESTS = {
  undici: undiciRequests,
  'node:http': nodeRequests,
  'node:http2': http2Requests,
  server: servedRequests,
};

async function untilRecorded(request) {
  const recorded = new Promise((resolve) => {
    onSpanEnd = resolve;
  });
  await request();
  await recorded;
  // What goes back to a pool does so in the next turns.
  await setImmediate();
  await setImmediate();
}

const request = await REQUESTS[kind]();
for (let count = 0; count < WARM; count++) {
  await untilRecorded(request);
}
const inspector = new Session();
inspector.connect();
await inspector.post('Profiler.enable');
await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
await inspector.post('Profiler.takePreciseCoverage');
await untilRecorded(request);
const { result } = await inspector.post('Profiler.takePreciseCoverage');

const hops = result
  .filter(({ url }) => url.startsWith('file:') && fileURLToPath(url).startsWith(`${compiled}/`))
  .map(({ url, functions }) => ({ file: relative(compiled, fileURLToPath(url)), functions }))
  .filter(({ file }) => !file.startsWith('node_modules'))
  .flatMap(({ file, functions }) =>
    functions.map(({ functionName, ranges: [{ count }] }) => ({
      file: file.replace(/\.js$/, '.ts'),
      name: functionName || '(anonymous)',
      calls: count,
    })),
  )
  .filter(({ calls }) => calls > 0);
console.log(JSON.stringify(hops));
process.exit(0);
