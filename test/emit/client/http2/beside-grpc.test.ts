import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { expect, it } from 'vitest';
import { openShop, SHOPPED, shop } from '../../../support/clients/grpc-shop.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

it('leaves gRPC to its own instrumentation: a CLIENT span and a header for each call, all of them its', async () => {
  telemetry.attach(new GrpcInstrumentation());
  telemetry.instrument();
  const { client, traceparents } = await openShop();
  expect(await shop(await client())).toEqual(SHOPPED);
  const spans = await telemetry.finished();
  expect(spans.map(({ name }) => name)).toEqual(
    ['Total', 'Collect', 'Items', 'Echo', 'Missing', 'Hang'].map((method) => `grpc.shop.Cart/${method}`),
  );
  expect(new Set(spans.map(({ instrumentationScope }) => instrumentationScope.name))).toEqual(
    new Set(['@opentelemetry/instrumentation-grpc']),
  );
  expect(traceparents).toEqual([1, 1, 1, 1, 1, 1]);
});
