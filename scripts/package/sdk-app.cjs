// A program that gives the instrumentation to what there is of OpenTelemetry: NodeSDK, then registerInstrumentations.
const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const Module = require('node:module');
const { metrics, trace } = require('@opentelemetry/api');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { NodeSDK } = require('@opentelemetry/sdk-node');

const loaders = () => [Module.prototype.require, Module._load, Module._resolveFilename];
const before = loaders();

const { HttpTraceInstrumentation } = require('opentelemetry-instrumentation-httptrace');

/** Keeps the names of the spans that end. */
class Processor {
  ended = [];
  onStart() {
    return undefined;
  }
  onEnd({ name, instrumentationScope }) {
    this.ended.push(`${instrumentationScope.name}: ${name}`);
  }
  forceFlush() {
    return Promise.resolve();
  }
  shutdown() {
    return Promise.resolve();
  }
}

/** An instance that notes what it is given. */
function noting(config) {
  const instrumentation = new HttpTraceInstrumentation(config);
  const given = [];
  for (const method of [
    'getConfig',
    'setTracerProvider',
    'setMeterProvider',
    'setLoggerProvider',
    'enable',
  ]) {
    const own = instrumentation[method];
    instrumentation[method] = (...args) => {
      given.push(method);
      return own.apply(instrumentation, args);
    };
  }
  return { instrumentation, given };
}

async function request() {
  const server = http.createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [response] = await once(http.get({ port: server.address().port, agent: false }), 'response');
  await once(response.resume(), 'close');
  server.close();
  await once(server, 'close');
}

const OWN = 'opentelemetry-instrumentation-httptrace';
const PROVIDERS = ['setTracerProvider', 'setMeterProvider', 'setLoggerProvider'];

async function withNodeSdk() {
  const { instrumentation, given } = noting();
  const processor = new Processor();
  const sdk = new NodeSDK({
    instrumentations: [instrumentation],
    spanProcessors: [processor],
    metricReaders: [],
    logRecordProcessors: [],
    autoDetectResources: false,
  });
  sdk.start();
  assert.ok(given.includes('setTracerProvider'), 'NodeSDK gives it a TracerProvider');
  assert.equal(instrumentation.getConfig().enabled, true);
  await request();
  assert.deepEqual(processor.ended.sort(), [`${OWN}: GET`, `${OWN}: GET`]);
  instrumentation.disable();
  await sdk.shutdown();
}

function withRegistration() {
  const on = noting();
  const off = noting({ enabled: false });
  const tracerProvider = trace.getTracerProvider();
  const meterProvider = metrics.getMeterProvider();
  const instrumentations = [on.instrumentation, [off.instrumentation]];
  const unregister = registerInstrumentations({ instrumentations, tracerProvider, meterProvider });
  assert.deepEqual(on.given, [...PROVIDERS, 'getConfig']);
  assert.deepEqual(off.given, [...PROVIDERS, 'getConfig', 'enable']);
  for (const { instrumentation } of [on, off]) {
    assert.equal(instrumentation.isEnabled(), true);
    assert.equal(instrumentation.instrumentationName, OWN);
    assert.match(instrumentation.instrumentationVersion, /^\d+\.\d+\.\d+/);
  }
  unregister();
  assert.deepEqual([on.instrumentation.isEnabled(), off.instrumentation.isEnabled()], [false, false]);
}

async function main() {
  await withNodeSdk();
  withRegistration();
  assert.deepEqual(loaders(), before, 'the loaders are those of Node');
  console.log('done');
}

main();
