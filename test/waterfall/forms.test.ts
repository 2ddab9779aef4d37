import { Writable } from 'node:stream';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Agent, fetch } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpTraceInstrumentation } from '../../src/index.js';
import { WaterfallSpanExporter } from '../../src/waterfall/index.js';
import { CA } from '../support/servers/certificates.js';
import { httpsServer } from '../support/servers/truthful-server.js';

let agent: Agent;
let instrumentation: HttpTraceInstrumentation;
let provider: BasicTracerProvider;
let drawing: string;

beforeEach(() => {
  drawing = '';
  const paper = new Writable({
    write(chunk, _encoding, done) {
      drawing += chunk;
      done();
    },
  });
  const exporter = new WaterfallSpanExporter({ stream: paper, width: 100, colors: false });
  provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  agent = new Agent({ connect: { ca: CA, family: 4 }, connections: 1 });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});

afterEach(async () => {
  instrumentation.disable();
  await agent.destroy();
  await provider.shutdown();
  context.disable();
});

/** The labels of the drawing, those of each trace apart. */
function traces(): string[][] {
  return drawing
    .trimEnd()
    .split('\n\n')
    .map((one) =>
      one
        .split('\n')
        .slice(1)
        .map((line) => line.replace(/ +[╺╸━█▏▎▍▌▋▊▉▐▕◆].*$/, '').replace(/(?<=\S) {2,}\d{3} .*$/, ''))
        .map((line) => line.replaceAll(/:\d{4,5}\b/g, ':PORT').replaceAll(/\d+(\.\d+)? ms/g, 'N ms'))
        .map((line) => line.replaceAll(/[\da-f]{32}/g, 'TRACE').replaceAll(/[\da-f]{16}/g, 'SPAN')),
    );
}

async function twoRequests(phases: 'events' | 'spans' | 'linked-spans' | 'attributes'): Promise<string[][]> {
  const { port } = await httpsServer();
  instrumentation = new HttpTraceInstrumentation({ client: { phases }, server: { enabled: false } });
  instrumentation.setTracerProvider(provider);
  for (const path of ['first', 'second']) {
    const response = await fetch(`https://localhost:${port}/${path}`, { dispatcher: agent });
    await response.text();
    await provider.forceFlush();
  }
  return traces();
}

describe('the same requests are drawn from every form of their phases', () => {
  it.each(['events', 'spans'] as const)('%s', async (phases) => {
    expect(await twoRequests(phases)).toEqual([
      [
        'GET https://localhost:PORT/first',
        '│ HTTP/1.1',
        '├ getconn new connection',
        '│ ├ dns     localhost → 127.0.0.1',
        '│ ├ connect 127.0.0.1:PORT',
        '│ └ tls     TLS 1.3 · http/1.1',
        '├ send',
        '├ wait',
        '└ receive',
      ],
      [
        'GET https://localhost:PORT/second',
        '│ HTTP/1.1 · 127.0.0.1:PORT',
        '├ getconn reused after N ms idle',
        '├ send',
        '├ wait',
        '└ receive',
      ],
    ]);
  });

  it('linked-spans', async () => {
    expect(await twoRequests('linked-spans')).toEqual([
      [
        'GET https://localhost:PORT/first',
        '│ HTTP/1.1',
        '├ getconn new connection',
        '│ ├ dns     localhost → 127.0.0.1',
        '│ ├ connect 127.0.0.1:PORT',
        '│ └ tls     TLS 1.3',
        '├ send',
        '├ wait',
        '└ receive',
      ],
      [
        'GET https://localhost:PORT/second',
        '│ HTTP/1.1 · 127.0.0.1:PORT',
        '├ getconn reused',
        '├ send',
        '├ wait',
        '├ receive',
        '└ ↳ the connection was set up in trace TRACE, span SPAN',
      ],
    ]);
  });

  it('attributes alone', async () => {
    expect(await twoRequests('attributes')).toEqual([
      [
        'GET https://localhost:PORT/first',
        '│ HTTP/1.1',
        '├ getconn new connection',
        '│ ├ dns',
        '│ ├ connect 127.0.0.1:PORT',
        '│ └ tls',
        '├ send',
        '├ wait',
        '└ receive',
      ],
      [
        'GET https://localhost:PORT/second',
        '│ HTTP/1.1 · 127.0.0.1:PORT',
        '├ getconn reused',
        '├ send',
        '├ wait',
        '└ receive',
      ],
    ]);
  });
});
