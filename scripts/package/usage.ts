// What a user may write, by the types that the package is published with. Compiled only.
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import { type Attributes, context, type Span } from '@opentelemetry/api';
import {
  HttpTraceInstrumentation,
  type HttpTraceInstrumentationConfig,
} from 'opentelemetry-instrumentation-httptrace';
import {
  captureMetrics,
  captureMetricsFn,
  type Hooks,
  Metrics,
  unwrap,
  wrap,
} from 'opentelemetry-instrumentation-httptrace/httpsnoop';
import {
  type ClientTrace,
  contextClientTrace,
  type DNSDoneInfo,
  type GotConnInfo,
  type TLSConnectionState,
  withClientTrace,
} from 'opentelemetry-instrumentation-httptrace/httptrace';

export const config: HttpTraceInstrumentationConfig = {
  enabled: true,
  client: {
    phases: 'spans',
    span: 'create',
    hooks: { wroteHeaderField: true, dnsStart: false },
    ignoreUrls: ['*.internal/health'],
    ignoreRequestHook: (request) => request.method === 'OPTIONS',
    requestHook: (span, request) => {
      span.setAttribute('origin', 'origin' in request ? String(request.origin) : '');
    },
    startSpanHook: (): Attributes => ({ team: 'shop' }),
  },
  server: {
    hooks: { flushHeaders: false },
    responseHook: (span: Span, response: ServerResponse) => {
      span.setAttribute('finished', response.writableFinished);
    },
  },
  metrics: { 'http.client.open_connections': true },
  metricAttributesHook: (side): Attributes => ({ side }),
};

export const instrumentation = new HttpTraceInstrumentation(config);
instrumentation.setConfig({ client: { phases: 'attributes' } });

// @ts-expect-error There is no such mode.
instrumentation.setConfig({ client: { phases: 'logs' } });

const trace: ClientTrace = {
  getConn: (hostPort) => hostPort.toUpperCase(),
  dnsDone: ({ addrs, err, coalesced }: DNSDoneInfo) => [addrs[0]?.address, err?.message, coalesced],
  gotConn: ({ conn, reused, idleTime }: GotConnInfo) => [conn.remotePort, reused, idleTime.toFixed(1)],
  tlsHandshakeDone: ({ version }: TLSConnectionState, err?: Error) => [version, err],
  got1xxResponse: (code, header) => (code === 103 && header.link ? new Error('no hints') : undefined),
};
const traced = withClientTrace(context.active(), trace);
export const active: ClientTrace | undefined = contextClientTrace(traced);

const hooks: Hooks = {
  write:
    (next) =>
    (...args) =>
      next(...args),
  end:
    (next) =>
    (...args) =>
      next(...args),
};

export const server = http.createServer(async (request, response) => {
  const { code, written, duration }: Metrics = await captureMetrics(handler, request, wrap(response, hooks));
  process.stdout.write(`${code} ${written} ${duration.toFixed(1)}\n`);
});

function handler(_request: IncomingMessage, response: ServerResponse): void {
  unwrap(response).end('done');
}

export const server2 = http2.createServer((_request, response) => {
  captureMetricsFn(response, () => response.end('done'), new Metrics());
});
