import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, it, onTestFinished } from 'vitest';
import { openShop, SHOPPED, shop } from '../../../support/clients/grpc-shop.js';
import { otlpGrpcServer } from '../../../support/servers/otlp-grpc-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

it('exports each call of gRPC once, and never the calls by which it is exported', async () => {
  const { url, exports } = await otlpGrpcServer();
  const { client, traceparents } = await openShop();
  const calling = await client();
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter({ url }))],
  });
  onTestFinished(() => provider.shutdown());
  const instrumentation = telemetry.instrument({ client: { grpc: true } });
  instrumentation.setTracerProvider(provider);

  // While the exporter connects, and once its session is there.
  for (const calls of [6, 12]) {
    expect(await shop(calling)).toEqual(SHOPPED);
    await provider.forceFlush();
    expect(exports.map(({ spans }) => spans.includes('/shop.Cart/'))).toEqual(new Array(calls).fill(true));
    expect(instrumentation.status().sources['node:http2'].requests.recorded).toBe(calls);
  }
  expect(exports.filter(({ spans }) => spans.includes('TraceService'))).toEqual([]);
  expect(exports.map(({ traceparents }) => traceparents)).toEqual(new Array(12).fill(0));
  expect(traceparents).toEqual(new Array(12).fill(1));
  expect((await telemetry.durations()).reduce((sum, { count }) => sum + count, 0)).toBe(12);
});
