// What users rely on, whatever they run on: each check says in a sentence what must be true.
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const http2 = require('node:http2');
const net = require('node:net');
const { text } = require('node:stream/consumers');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { promisify } = require('node:util');

/**
 * @param {object} otel What the program has of OpenTelemetry: its API and the classes of its SDK.
 * @param {object} ours What this package exports.
 * @param {{ fetch: typeof fetch, request?: Function }} undici The client: undici, or the `fetch` of Node.js.
 */
exports.runSuite = async function runSuite(otel, ours, undici) {
  const warnings = [];
  process.on('warning', (warning) => warnings.push(String(warning)));
  const telemetry = startTelemetry(otel, ours, warnings);
  const server = await startServer();
  const context = { otel, ours, undici, telemetry, url: server.url };
  const failures = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      telemetry.reset();
      await check(context);
      assert.deepEqual(warnings, []);
    } catch (error) {
      failures.push({ name, error: error.stack });
    }
  }
  server.close();
  await telemetry.shutdown();
  process.stdout.write(`${JSON.stringify({ checks: Object.keys(CHECKS).length, failures })}\n`);
};

function startTelemetry(otel, ours, warnings) {
  const { api } = otel;
  const warn = (...words) => warnings.push(words.join(' '));
  const ignore = () => undefined;
  api.diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore });
  const spans = new otel.InMemorySpanExporter();
  const tracerProvider = otel.tracerProvider(spans);
  const metrics = new otel.InMemoryMetricExporter(otel.AggregationTemporality.CUMULATIVE);
  const meterProvider = new otel.MeterProvider({
    readers: [new otel.PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 })],
  });
  api.context.setGlobalContextManager(new otel.AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new otel.W3CTraceContextPropagator());
  api.trace.setGlobalTracerProvider(tracerProvider);
  api.metrics.setGlobalMeterProvider(meterProvider);
  const instrumentation = new ours.HttpTraceInstrumentation();
  const unregister = otel.registerInstrumentations({ instrumentations: [instrumentation] });
  return {
    instrumentation,
    /** The spans so far, when there are that many: a server's ends when its response is closed. */
    async finished(count) {
      for (let turn = 0; turn < 500 && spans.getFinishedSpans().length < count; turn += 1) {
        await sleep(4);
      }
      return [...spans.getFinishedSpans()];
    },
    async measured() {
      await meterProvider.forceFlush();
      const resourceMetrics = metrics.getMetrics().at(-1);
      return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    },
    reset: () => spans.reset(),
    async shutdown() {
      unregister();
      await tracerProvider.shutdown();
      await meterProvider.shutdown();
    },
  };
}

async function startServer() {
  const server = http.createServer(async (request, response) => {
    const body = await text(request);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method: request.method, headers: request.headers, body }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://localhost:${server.address().port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function closedPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const get = async ({ undici, url }, init) => (await undici.fetch(url, init)).json();
/** The same, with a server to which no connection is open yet. */
async function ofNewOrigin(context) {
  const { url, close } = await startServer();
  return { ...context, url, close };
}

const clients = (spans, { otel }) => spans.filter(({ kind }) => kind === otel.api.SpanKind.CLIENT);
const servers = (spans, { otel }) => spans.filter(({ kind }) => kind === otel.api.SpanKind.SERVER);
const runNode = (args) => promisify(execFile)(process.execPath, args, { cwd: __dirname });
const eventNames = (span) => span.events.map(({ name }) => name);

function withConfig({ telemetry }, config, body) {
  telemetry.instrumentation.setConfig(config);
  return body().finally(() => telemetry.instrumentation.setConfig({}));
}

const CHECKS = {
  async 'a request is a CLIENT span with the events of a new connection'(context) {
    const fresh = await ofNewOrigin(context);
    await get(fresh);
    const [span] = clients(await context.telemetry.finished(2), context);
    fresh.close();
    assert.equal(span.name, 'GET');
    assert.equal(span.attributes['http.response.status_code'], 200);
    assert.equal(span.attributes['url.full'], fresh.url);
    assert.deepEqual(
      eventNames(span).filter((name) => !name.startsWith('http.connect.')),
      [
        'http.getconn.start',
        'http.dns.start',
        'http.dns.done',
        'http.getconn.done',
        'http.send.start',
        'http.send.done',
        'http.receive.start',
        'http.receive.done',
      ],
    );
    assert.ok(eventNames(span).includes('http.connect.done'));
    for (const phase of ['getconn', 'dns', 'connect', 'send', 'wait', 'receive']) {
      assert.ok(span.attributes[`httptrace.${phase}.duration`] >= 0, phase);
    }
  },

  async 'a request over node:http2 is a CLIENT span, with its header, and a SERVER span below it'(context) {
    const server = http2.createServer();
    const received = [];
    server.on('stream', (stream, headers) => {
      received.push(headers.traceparent);
      stream.respond({ ':status': 200 });
      stream.end('ok');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const session = http2.connect(`http://127.0.0.1:${server.address().port}`);
    await text(session.request({ ':path': '/items' }));
    const spans = await context.telemetry.finished(2);
    session.close();
    server.close();
    const [span] = clients(spans, context);
    const [served] = servers(spans, context);
    assert.equal(span.attributes['network.protocol.version'], '2');
    assert.equal(span.attributes['http.response.status_code'], 200);
    assert.ok(eventNames(span).includes('http.connect.done'));
    assert.equal(received[0].split('-')[2], span.spanContext().spanId);
    assert.equal(served.spanContext().traceId, span.spanContext().traceId);
  },

  async 'the server span is the child of the client span, in one trace'(context) {
    const { headers } = await get(context);
    const spans = await context.telemetry.finished(2);
    const [client] = clients(spans, context);
    const [server] = servers(spans, context);
    const { traceId, spanId } = client.spanContext();
    assert.equal(headers.traceparent, `00-${traceId}-${spanId}-01`);
    assert.equal(server.spanContext().traceId, traceId);
    assert.equal(server.parentSpanContext.spanId, spanId);
    assert.equal(server.attributes['http.response.status_code'], 200);
    assert.ok(server.attributes['http.response.body.size'] > 0);
    assert.ok(server.attributes['httptrace.first_byte.duration'] >= 0);
    assert.deepEqual(eventNames(server), [
      'http.response.head',
      'http.response.first_write',
      'http.response.end',
    ]);
  },

  async 'a kept connection is reused, and has no dial'(context) {
    await get(context);
    // A body can be read before its connection is back in the pool, and nothing tells when it is.
    await sleep(20);
    await get(context);
    const span = clients(await context.telemetry.finished(4), context)[1];
    assert.equal(span.attributes['http.conn.reused'], true);
    assert.equal(span.attributes['httptrace.dns.duration'], undefined);
    assert.equal(span.attributes['httptrace.connect.duration'], undefined);
  },

  async 'a failure says in which phase it happened'(context) {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    await assert.rejects(context.undici.fetch(url));
    const [span] = clients(await context.telemetry.finished(1), context);
    assert.equal(span.status.code, context.otel.api.SpanStatusCode.ERROR);
    assert.equal(span.attributes['error.type'], 'ECONNREFUSED');
    assert.equal(span.attributes['httptrace.failed_phase'], 'connect');
  },

  async "undici's request is recorded as its fetch is"(context) {
    const { request } = context.undici;
    if (request === undefined) {
      return;
    }
    const { body } = await request(context.url, { method: 'POST', body: 'ping' });
    assert.equal((await body.json()).body, 'ping');
    const [span] = clients(await context.telemetry.finished(2), context);
    assert.equal(span.name, 'POST');
  },

  async 'node:http is recorded too'(context) {
    const request = http.get(context.url, { agent: false });
    const [response] = await once(request, 'response');
    const { headers } = JSON.parse(await text(response));
    const [span] = clients(await context.telemetry.finished(2), context);
    assert.equal(headers.traceparent, `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`);
    assert.ok(eventNames(span).includes('http.connect.done'));
  },

  async 'the caller keeps its context, and its span is the parent'(context) {
    const tracer = context.otel.api.trace.getTracer('matrix');
    await tracer.startActiveSpan('work', async (work) => {
      await get(context);
      assert.equal(context.otel.api.trace.getActiveSpan(), work);
      work.end();
      const [client] = clients(await context.telemetry.finished(3), context);
      assert.equal(client.parentSpanContext.spanId, work.spanContext().spanId);
    });
  },

  async "phases: 'attributes' records no events"(context) {
    await withConfig(context, { client: { phases: 'attributes' } }, () => get(context));
    const [span] = clients(await context.telemetry.finished(2), context);
    assert.deepEqual(span.events, []);
    assert.ok(span.attributes['httptrace.wait.duration'] >= 0);
  },

  async "phases: 'linked-spans' draws the connection in a trace of its own, linked"(context) {
    const fresh = await ofNewOrigin(context);
    const spans = await withConfig(context, { client: { phases: 'linked-spans' } }, async () => {
      await get(fresh);
      return context.telemetry.finished(6);
    });
    fresh.close();
    const setup = spans.find(({ name }) => name.startsWith('HTTP connection_setup'));
    assert.notEqual(setup, undefined);
    const [{ links }] = clients(spans, context);
    assert.deepEqual(
      links.map((link) => link.context.spanId),
      [setup.spanContext().spanId],
    );
  },

  async 'disable() stops the recording, enable() begins it again'(context) {
    const { instrumentation } = context.telemetry;
    instrumentation.disable();
    const { headers } = await get(context);
    assert.equal(headers.traceparent, undefined);
    assert.deepEqual(await context.telemetry.finished(0), []);
    instrumentation.enable();
    await get(context);
    assert.equal(clients(await context.telemetry.finished(2), context).length, 1);
  },

  async 'both request durations are measured'(context) {
    await get(context);
    await context.telemetry.finished(2);
    const metrics = await context.telemetry.measured();
    for (const name of ['http.client.request.duration', 'http.server.request.duration']) {
      const metric = metrics.find(({ descriptor }) => descriptor.name === name);
      assert.ok(metric?.dataPoints[0].value.count > 0, name);
      assert.equal(metric.descriptor.unit, 's');
    }
  },

  async 'the hooks of withClientTrace run as things happen'(context) {
    const { api } = context.otel;
    const happened = [];
    const note = (name) => () => {
      happened.push(name);
    };
    const names = ['getConn', 'gotConn', 'wroteHeaders', 'wroteRequest', 'gotFirstResponseByte'];
    const trace = Object.fromEntries(names.map((name) => [name, note(name)]));
    await api.context.with(context.ours.withClientTrace(api.context.active(), trace), () => get(context));
    assert.deepEqual(happened, names);
  },

  async 'captureMetrics says what a response was, wrap sees what it is asked'(context) {
    const { captureMetrics, wrap } = context.ours;
    let writes = 0;
    const countWrites =
      (next) =>
      (...args) => {
        writes += 1;
        return next(...args);
      };
    const handler = (_request, response) => {
      assert.equal(wrap(response, { write: countWrites }), response);
      response.writeHead(404);
      response.write('not ');
      response.end('here');
    };
    const { code, duration, written } = await new Promise((resolve) => {
      const server = http.createServer((request, response) => {
        resolve(captureMetrics(handler, request, response).finally(() => server.close()));
      });
      server.listen(0, '127.0.0.1', () => {
        http.get({ port: server.address().port, agent: false }, (response) => response.resume());
      });
    });
    assert.deepEqual({ code, written, writes }, { code: 404, written: 8, writes: 1 });
    assert.ok(duration > 0);
  },

  async 'the program httptrace needs nothing more'(context) {
    const program = join(__dirname, 'node_modules/opentelemetry-instrumentation-httptrace/dist/cli.js');
    const { stdout, stderr } = await runNode([program, '--json', context.url]);
    const { status, protocol, reused, phases } = JSON.parse(stdout);
    assert.deepEqual({ status, protocol, reused }, { status: 200, protocol: 'HTTP/1.1', reused: false });
    assert.ok(phases.wait >= 0);
    assert.equal(stderr, '');
  },

  async 'register without an SDK is one line, and the program runs'() {
    const register = ['--import', 'opentelemetry-instrumentation-httptrace/register'];
    const { stdout, stderr } = await runNode([...register, '-e', 'console.log("ran")']);
    assert.equal(stdout, 'ran\n');
    assert.match(stderr, /^httptrace: .*@opentelemetry\/sdk-node.*\n$/);
  },

  async 'the waterfall draws the trace'(context) {
    await get(context);
    const spans = await context.telemetry.finished(2);
    let drawing = '';
    const stream = { write: (chunk) => (drawing += chunk) };
    const exporter = new context.ours.WaterfallSpanExporter({ stream });
    await new Promise((resolve) => exporter.export(spans, resolve));
    await exporter.shutdown();
    assert.match(drawing, /GET http:\/\/localhost:\d+\/ +200 OK/);
    assert.match(drawing, /wait/);
  },
};
