import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { findJaeger, jaegerConfig } from '../../scripts/jaeger.mjs';

const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

/** A Jaeger that runs. */
export interface Jaeger {
  /** Where it takes OTLP over HTTP. */
  readonly endpoint: string;
  /** Its page and query API. */
  readonly queryUrl: string;
  stop(): Promise<void>;
}

/** A span as the query API describes it to Jaeger's page. */
export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly JaegerReference[];
  /** In microseconds. */
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly { readonly timestamp: number; readonly fields: readonly JaegerTag[] }[];
}

interface JaegerReference {
  readonly refType: 'CHILD_OF' | 'FOLLOWS_FROM';
  readonly traceID: string;
  readonly spanID: string;
}

interface JaegerTag {
  readonly key: string;
  readonly type: string;
  readonly value: unknown;
}

const { OTEL_EXPORTER_OTLP_ENDPOINT, JAEGER_QUERY_URL } = process.env;

/** Whether there is one: an endpoint that the environment names, or a program. */
export const jaegerIsThere = OTEL_EXPORTER_OTLP_ENDPOINT !== undefined || findJaeger() !== undefined;

export async function openJaeger(): Promise<Jaeger> {
  if (OTEL_EXPORTER_OTLP_ENDPOINT === undefined) {
    return startJaeger();
  }
  const { protocol, hostname } = new URL(OTEL_EXPORTER_OTLP_ENDPOINT);
  return {
    endpoint: OTEL_EXPORTER_OTLP_ENDPOINT,
    queryUrl: JAEGER_QUERY_URL ?? `${protocol}//${hostname}:16686`,
    stop: async () => undefined,
  };
}

async function startJaeger(): Promise<Jaeger> {
  const [otlpHttp, otlpGrpc, queryHttp, queryGrpc] = await freePorts(4);
  const program = spawn(findJaeger() ?? '', ['--config', jaegerConfig], {
    env: {
      ...process.env,
      JAEGER_LISTEN_HOST: '127.0.0.1',
      JAEGER_OTLP_HTTP_PORT: String(otlpHttp),
      JAEGER_OTLP_GRPC_PORT: String(otlpGrpc),
      JAEGER_QUERY_HTTP_PORT: String(queryHttp),
      JAEGER_QUERY_GRPC_PORT: String(queryGrpc),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  program.stderr.setEncoding('utf8').on('data', (chunk) => {
    log += chunk;
  });
  const queryUrl = `http://127.0.0.1:${queryHttp}`;
  const endpoint = `http://127.0.0.1:${otlpHttp}`;
  await eventually('Jaeger is up', async () => {
    if (program.exitCode !== null) {
      throw new Error(`Jaeger has exited:\n${log}`);
    }
    const up = await Promise.all([answers(`${queryUrl}/api/services`), answers(endpoint)]);
    return up.every(Boolean) || undefined;
  });
  return { endpoint, queryUrl, stop: () => stop(program) };
}

async function stop(program: ChildProcess): Promise<void> {
  // It keeps everything in memory, and would wait for its clients' connections.
  program.kill('SIGKILL');
  await once(program, 'exit');
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, 'close');
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
}

async function answers(url: string): Promise<boolean> {
  return untraced(() => fetch(url)).then(
    async (response) => {
      await response.body?.cancel();
      return true;
    },
    () => false,
  );
}

/** The spans of a trace, once Jaeger has as many of them. */
export function fetchTrace(queryUrl: string, traceId: string, spanCount: number): Promise<JaegerSpan[]> {
  return eventually(`trace ${traceId} has ${spanCount} spans`, async () => {
    const response = await untraced(() => fetch(`${queryUrl}/api/traces/${traceId}`));
    const { data } = (await response.json()) as { data: { spans: JaegerSpan[] }[] | null };
    const spans = data?.[0]?.spans ?? [];
    return spans.length >= spanCount ? spans : undefined;
  });
}

function untraced<T>(body: () => T): T {
  return context.with(suppressTracing(context.active()), body);
}

async function eventually<T>(what: string, body: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const result = await body();
    if (result !== undefined) {
      return result;
    }
    await sleep(PAUSE_MS);
  }
  throw new Error(`waited in vain: ${what}`);
}
