// A program that is bundled into one file: it answers its own request, and says what was recorded of it.
import { once } from 'node:events';
import http from 'node:http';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { HttpTraceInstrumentation } from 'opentelemetry-instrumentation-httptrace';
import { captureMetrics } from 'opentelemetry-instrumentation-httptrace/httpsnoop';
import { withClientTrace } from 'opentelemetry-instrumentation-httptrace/httptrace';
import { fetch } from 'undici';

async function main() {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  registerInstrumentations({ instrumentations: [new HttpTraceInstrumentation()] });

  const captured = deferred();
  const server = http.createServer((request, response) => {
    captured.resolve(captureMetrics((_request, answer) => answer.end('pong'), request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hooks = [];
  const hooked = withClientTrace(context.active(), { gotConn: () => hooks.push('gotConn') });
  await context.with(hooked, async () => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}/`);
    await response.text();
  });
  const { written } = await captured.promise;
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  const spans = exporter.getFinishedSpans().map(({ kind, events }) => ({
    kind,
    events: events.map(({ name }) => name),
  }));
  console.log(JSON.stringify({ hooks, spans, written }));
}

function deferred() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

main();
