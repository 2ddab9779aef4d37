import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../support/servers/listen.js';
import { http2Server, httpServer } from '../support/servers/truthful-server.js';
import { httptrace } from './bin.js';

const ROOT = join(__dirname, '..', '..');

interface SentSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
}

/** Takes what is sent by OTLP over HTTP, as JSON. */
async function collector(): Promise<{ endpoint: string; spans: SentSpan[] }> {
  const spans: SentSpan[] = [];
  const port = await listen(
    createServer(async (req, res) => {
      const body = (await json(req)) as { resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[] };
      spans.push(
        ...body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
      );
      res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    }),
  );
  return { endpoint: `http://127.0.0.1:${port}`, spans };
}

describe('--otlp', () => {
  it('sends the spans of all requests as one trace, and says which', async () => {
    const { endpoint, spans } = await collector();
    const { origin } = await httpServer();
    const { exitCode, stdout, stderr } = await httptrace(['--otlp', '--repeat', '2', origin], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
    });
    expect([exitCode, stderr]).toEqual([0, '']);
    const root = spans.find(({ name }) => name === 'httptrace');
    expect(
      spans.filter(({ kind }) => kind === 3).map(({ name, parentSpanId }) => [name, parentSpanId]),
    ).toEqual([
      ['GET', root?.spanId],
      ['GET', root?.spanId],
    ]);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      `trace ${root?.traceId}, in Jaeger: http://localhost:16686/trace/${root?.traceId}`,
    );
  });

  it('sends a bar for each phase, and the trace header, by HTTP/2 too', async () => {
    const { endpoint, spans } = await collector();
    const seen: unknown[] = [];
    const { port } = await http2Server((req, res) => {
      seen.push(req.headers.traceparent);
      res.end('ok');
    });
    const { exitCode } = await httptrace(['--otlp', '-4', `https://localhost:${port}/`], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
    });
    expect(exitCode).toBe(0);
    const request = spans.find(({ kind }) => kind === 3);
    const getconn = spans.find(({ name }) => name === 'http.getconn');
    const below = (parent?: SentSpan) =>
      spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId).map(({ name }) => name);
    expect(below(request)).toEqual(['http.getconn', 'http.send', 'http.wait', 'http.receive']);
    expect(below(getconn)).toEqual(['http.dns', 'http.connect', 'http.tls']);
    expect(seen).toEqual([`00-${request?.traceId}-${request?.spanId}-01`]);
  });

  it('says in one line that the spans could not be sent', async () => {
    const { origin } = await httpServer();
    const { exitCode, stderr } = await httptrace(['--otlp', origin], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_EXPORTER_OTLP_TIMEOUT: '500' },
    });
    expect(exitCode).toBe(0);
    expect(stderr).toBe(
      'httptrace: the spans could not be sent to http://127.0.0.1:9; OTEL_EXPORTER_OTLP_ENDPOINT names another place\n',
    );
  });
});

describe('after a bare install', () => {
  let project: string;
  let bin: string;

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'httptrace-'));
    const modules = join(project, 'node_modules');
    const home = join(modules, 'opentelemetry-instrumentation-httptrace');
    mkdirSync(join(modules, '@opentelemetry'), { recursive: true });
    for (const name of ['api', 'instrumentation']) {
      symlinkSync(join(ROOT, 'node_modules', '@opentelemetry', name), join(modules, '@opentelemetry', name));
    }
    cpSync(join(ROOT, 'dist'), join(home, 'dist'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(home, 'package.json'));
    bin = join(home, 'dist', 'cli.js');
  });

  afterAll(() => {
    rmSync(project, { recursive: true });
  });

  it('requests are traced', async () => {
    const { origin } = await httpServer();
    const { exitCode, labels, stderr } = await httptrace([origin], { bin });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(labels).toContain('├ getconn new connection');
  });

  it('--otlp says in one line which packages it lacks', async () => {
    expect(await httptrace(['--otlp', 'http://127.0.0.1:9'], { bin })).toMatchObject({
      exitCode: 4,
      stdout: '',
      stderr:
        'httptrace: --otlp lacks @opentelemetry/sdk-node; npm install @opentelemetry/sdk-node adds it\n',
    });
  });
});
