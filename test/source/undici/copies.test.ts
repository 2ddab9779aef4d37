import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';

const ROOT = join(__dirname, '../../..');

/**
 * Fills the only connection of a pool of the undici that it loads, and says for each call whether the server was sent
 * the trace of its caller.
 */
const PROGRAM = `
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { HttpTraceInstrumentation } from 'opentelemetry-instrumentation-httptrace';

const [, how, file, isFirst] = process.argv;
const load = async () => (how === 'import' ? import(file) : createRequire(import.meta.url)(file));
const early = isFirst === 'true' ? await load() : undefined;

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const spans = [];
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [{ onStart: (span) => spans.push(span), onEnd() {}, shutdown: async () => {} }],
});
new HttpTraceInstrumentation().setTracerProvider(tracerProvider);

const { Pool, fetch } = early ?? (await load());
const held = [];
const sent = {};
const server = createServer((req, res) => {
  sent[req.url] = req.headers.traceparent;
  held.push(() => res.end('ok'));
}).listen(0, '127.0.0.1', async () => {
  const origin = 'http://127.0.0.1:' + server.address().port;
  const dispatcher = new Pool(origin, { connections: 1 });
  const call = async (path, ask) => {
    const caller = tracerProvider.getTracer('program').startSpan(path, { root: true });
    await context.with(trace.setSpan(ROOT_CONTEXT, caller), () => ask(path));
    return [path, sent[path].split('-')[1] === caller.spanContext().traceId];
  };
  const byFetch = async (path) => (await fetch(origin + path, { dispatcher })).text();
  const byRequest = async (path) => (await dispatcher.request({ path, method: 'GET' })).body.text();
  const calls = [call('/first', byFetch)];
  while (held.length === 0) {
    await new Promise(setImmediate);
  }
  calls.push(call('/by-fetch', byFetch), call('/by-request', byRequest));
  setInterval(() => held.splice(0).map((answer) => answer()), 1).unref();
  const answered = await Promise.all(calls);
  const parents = spans.filter(({ kind }) => kind === 2).map(({ parentSpanContext }) => parentSpanContext.spanId);
  console.log(JSON.stringify({ answered, requests: new Set(parents).size }));
  process.exit();
});
`;

/** The ways in which a program comes by its undici. */
const WAYS = ['require', 'import', 'bundle'] as const;

describe.each(INSTALLED_UNDICI)('$name', ({ major }) => {
  const name = major === 7 ? 'undici' : `undici${major}`;
  const folder = mkdtempSync(join(tmpdir(), 'httptrace-undici-'));
  const bundle = join(folder, 'bundle.cjs');

  beforeAll(() =>
    build({
      input: require.resolve(name),
      platform: 'node',
      output: { file: bundle, format: 'cjs' },
      logLevel: 'silent',
    }),
  );
  afterAll(() => rmSync(folder, { recursive: true }));

  describe.each(WAYS)('had by %s', (way) => {
    it.each([
      ['before us', true],
      ['after us', false],
    ])('%s: each call that waits is its caller’s', async (_when, isFirst) => {
      const file = way === 'bundle' ? bundle : require.resolve(name);
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          PROGRAM,
          way,
          way === 'import' ? String(pathToFileURL(file)) : file,
          String(isFirst),
        ],
        { cwd: ROOT },
      );
      expect(JSON.parse(stdout)).toEqual({
        answered: [
          ['/first', true],
          ['/by-fetch', true],
          ['/by-request', true],
        ],
        requests: 3,
      });
    });
  });
});
