import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { describe, expect, it } from 'vitest';
import { openShop, SHOPPED, shop } from '../../../support/clients/grpc-shop.js';
import { record } from '../../../support/event-recorder.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

describe('a call of gRPC over node:http2', () => {
  it('has no span, no metric and no header of ours, but its hooks', async () => {
    const { client, traceparents } = await openShop();
    telemetry.instrument();
    const calling = await client();
    const { recorder, result } = record(() => shop(calling));
    expect(await result).toEqual(SHOPPED);
    expect(await telemetry.all()).toEqual([]);
    expect(await telemetry.durations()).toEqual([]);
    expect(traceparents).toEqual([0, 0, 0, 0, 0, 0]);
    expect(recorder.count('getConn')).toBe(6);
    expect(recorder.count('gotConn')).toBe(6);
    expect(recorder.all('gotConn')[1]).toMatchObject([{ reused: true }]);
  });

  it('has one span for each call, of each kind, with client.grpc', async () => {
    const { client, traceparents, port } = await openShop();
    telemetry.instrument({ client: { grpc: true } });
    const calling = await client();
    const { result, parent } = await telemetry.within(() => shop(calling));
    expect(result).toEqual(SHOPPED);
    const spans = await telemetry.finished();
    expect(
      spans.map(({ name, parentSpanContext, status, attributes }) => [
        name,
        parentSpanContext?.spanId,
        status.code,
        String(attributes['url.full']).split('/').at(-1),
        attributes['http.response.status_code'],
      ]),
    ).toEqual([
      ['POST', parent.spanContext().spanId, 0, 'Total', 200],
      ['POST', parent.spanContext().spanId, 0, 'Collect', 200],
      ['POST', parent.spanContext().spanId, 0, 'Items', 200],
      ['POST', parent.spanContext().spanId, 0, 'Echo', 200],
      ['POST', parent.spanContext().spanId, 0, 'Missing', 200],
      // grpc-js gives the stream up when its deadline is over.
      ['POST', parent.spanContext().spanId, 0, 'Hang', undefined],
    ]);
    expect(spans[0]?.attributes['url.full']).toBe(`http://127.0.0.1:${port}/shop.Cart/Total`);
    expect(traceparents).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('that an exporter makes is told to nobody', async () => {
    const { client, traceparents } = await openShop();
    telemetry.instrument({ client: { grpc: true } });
    const suppressed = suppressTracing(context.active());
    const calling = await context.with(suppressed, client);
    expect(await context.with(suppressed, () => shop(calling))).toEqual(SHOPPED);
    expect(await telemetry.all()).toEqual([]);
    expect(traceparents).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
