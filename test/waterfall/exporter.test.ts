import { spawnSync } from 'node:child_process';
import { Writable } from 'node:stream';
import { DiagLogLevel, diag, SpanKind } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WaterfallSpanExporter } from '../../src/waterfall/index.js';
import type { ExportResult } from '../../src/waterfall/readable-span.js';
import { newConnection, refused, served, span } from './spans.js';

class Paper extends Writable {
  text = '';
  columns?: number;
  isTTY?: boolean;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  hasColors(): boolean {
    return this.isTTY === true;
  }
}

afterEach(() => {
  vi.unstubAllEnvs();
  diag.disable();
});

describe('WaterfallSpanExporter', () => {
  it.each([
    ['SimpleSpanProcessor', (exporter: SpanExporter) => new SimpleSpanProcessor(exporter)],
    ['BatchSpanProcessor', (exporter: SpanExporter) => new BatchSpanProcessor(exporter)],
  ])('is a SpanExporter of the SDK, for its %s', async (_name, processor) => {
    const paper = new Paper();
    const provider = new BasicTracerProvider({
      spanProcessors: [processor(new WaterfallSpanExporter({ stream: paper, width: 60, colors: false }))],
    });
    const attributes = {
      'http.request.method': 'GET',
      'url.full': 'http://a/',
      'http.response.status_code': 200,
    };
    const client = provider.getTracer('test').startSpan('GET', { kind: SpanKind.CLIENT, attributes });
    client.end();
    // A BatchSpanProcessor does not pass forceFlush on.
    await provider.shutdown();
    expect(paper.text.split('\n').slice(0, 2)).toEqual([
      `trace ${client.spanContext().traceId}`,
      'GET http://a/                                         200 OK',
    ]);
  });

  it('draws a trace by itself a moment after it ended, and then an empty line', async () => {
    const paper = new Paper();
    const exporter = new WaterfallSpanExporter({ stream: paper, width: 60, colors: false });
    exporter.export([refused()], () => undefined);
    await vi.waitUntil(() => paper.text !== '');
    expect(paper.text.endsWith('└ ✗ ECONNREFUSED in connect: connect ECONNREFUSED\n  127.0.0.1:9\n\n')).toBe(
      true,
    );
  });

  it('takes the width and the colours from its stream and the environment', async () => {
    vi.stubEnv('COLUMNS', undefined);
    vi.stubEnv('FORCE_COLOR', undefined);
    vi.stubEnv('NO_COLOR', undefined);
    const terminal = Object.assign(new Paper(), { columns: 50, isTTY: true });
    const exporter = new WaterfallSpanExporter({ stream: terminal });
    exporter.export([span({ name: 'work', end: 1 })], () => undefined);
    await exporter.forceFlush();
    vi.stubEnv('COLUMNS', '40');
    vi.stubEnv('NO_COLOR', '1');
    exporter.export([span({ name: 'work', end: 1 })], () => undefined);
    await exporter.forceFlush();
    const [colored, plain] = terminal.text.split('\n').filter((line) => line.includes('work'));
    expect(colored).toBe(
      '\u001b[1mwork\u001b[22m              \u001b[90m━━━━━━━━━━━━━━━━━━━━━━━\u001b[39m  1.00 ms',
    );
    expect(plain).toBe('work          ━━━━━━━━━━━━━━━━━  1.00 ms');
  });

  it('refuses spans after shutdown, and draws what was left before', async () => {
    const paper = new Paper();
    const exporter = new WaterfallSpanExporter({ stream: paper, width: 60 });
    exporter.export([newConnection()], () => undefined);
    await exporter.shutdown();
    expect(paper.text).toContain('GET https://localhost:8443/catalog');
    const results: ExportResult[] = [];
    exporter.export([served()], (result) => results.push(result));
    expect(results.map(({ code }) => code)).toEqual([1]);
    await exporter.forceFlush();
    expect(paper.text).not.toContain('server');
  });

  it('leaves no listener on the process and none on the stream', async () => {
    const before = process.listenerCount('exit');
    const paper = new Paper();
    const exporter = new WaterfallSpanExporter({ stream: paper });
    for (let round = 0; round < 50; round += 1) {
      exporter.export([span({ end: 1 })], () => undefined);
      await exporter.forceFlush();
    }
    expect(process.listenerCount('exit')).toBe(before);
    expect(paper.listenerCount('error')).toBe(0);
  });

  it('says through diag when the stream fails, and nothing else happens', async () => {
    const warnings: unknown[] = [];
    const log = (): void => undefined;
    diag.setLogger(
      { debug: log, error: log, info: log, verbose: log, warn: (...args) => warnings.push(args) },
      DiagLogLevel.WARN,
    );
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const exporter = new WaterfallSpanExporter({ stream: broken });
    exporter.export([span({ end: 1 })], () => undefined);
    await exporter.forceFlush();
    await vi.waitUntil(() => warnings.length > 0);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(warnings).toEqual([['httptrace: a trace could not be written', new Error('EPIPE')]]);
    expect(broken.listenerCount('error')).toBe(0);
  });

  it('answers a processor whose spans cannot be read, instead of throwing', () => {
    const results: ExportResult[] = [];
    const exporter = new WaterfallSpanExporter({ stream: new Paper() });
    exporter.export(JSON.parse('[{}]'), (result) => results.push(result));
    expect(results).toEqual([{ code: 1, error: new TypeError('span.spanContext is not a function') }]);
  });

  it('says through diag what cannot be drawn, and draws the rest', async () => {
    const errors: unknown[] = [];
    const log = (): void => undefined;
    diag.setLogger({
      debug: log,
      info: log,
      verbose: log,
      warn: log,
      error: (message) => errors.push(message),
    });
    const paper = new Paper();
    const exporter = new WaterfallSpanExporter({ stream: paper });
    const withoutResource = { ...span({ traceId: 'other' }), resource: JSON.parse('null') };
    exporter.export([withoutResource], () => undefined);
    exporter.export([span({ name: 'fine', end: 1 })], () => undefined);
    await exporter.forceFlush();
    expect(errors).toEqual(['httptrace: a trace could not be drawn']);
    expect(paper.text).toContain('fine');
  });
});

describe('at the end of the process', () => {
  it('what is left is drawn, and nothing keeps the process alive', () => {
    const program = `
      const { WaterfallSpanExporter } = require('./dist/waterfall/index.js');
      const exporter = new WaterfallSpanExporter({ width: 40, colors: false });
      const hang = { name: 'unfinished', kind: 0, spanContext: () => ({ traceId: 't', spanId: 'b' }),
        parentSpanContext: { traceId: 't', spanId: 'a' }, startTime: [1, 0], endTime: [1, 5e6],
        status: { code: 0 }, attributes: {}, links: [], events: [], resource: { attributes: {} } };
      exporter.export([hang], () => {});`;
    const { stdout, status } = spawnSync(process.execPath, ['-e', program], {
      encoding: 'utf8',
      timeout: 8_000,
    });
    expect(stdout).toBe('trace t       0\nunfinished    ━━━━━━━━━━━━━━━━━  5.00 ms\n\n');
    expect(status).toBe(0);
  });
});
