import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { type Answer, httpServer } from '../../support/servers/truthful-server.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** Answers with every traceparent that came. */
const echo: Answer = (req, res) => res.end(JSON.stringify(req.headersDistinct.traceparent ?? []));

const OURS = 'opentelemetry-instrumentation-httptrace';
const PEERS = '@opentelemetry/instrumentation-undici';

describe.each(UNDICI_FLAVOURS)('$name beside @opentelemetry/instrumentation-undici', (flavour) => {
  const enable = {
    us: () => telemetry.instrument(),
    peer: () => telemetry.attach(new UndiciInstrumentation()),
  };

  it.each([
    ['us', 'peer'],
    ['peer', 'us'],
  ] as const)('one span of each and one traceparent: first %s, then %s', async (first, second) => {
    const { origin } = await httpServer(echo);
    enable[first]();
    enable[second]();
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    const { parent, result } = await telemetry.within(async () =>
      (await flavour.fetch(origin, { dispatcher: agent })).json(),
    );
    const spans = await telemetry.finished();
    expect(spans.map(({ instrumentationScope }) => instrumentationScope.name).sort()).toEqual(
      [OURS, PEERS].sort(),
    );
    expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([
      parent.spanContext().spanId,
      parent.spanContext().spanId,
    ]);
    // Whoever comes first says which span the server continues.
    const scope = first === 'us' ? OURS : PEERS;
    const named = spans.find(({ instrumentationScope }) => instrumentationScope.name === scope);
    const { traceId, spanId } = named?.spanContext() ?? {};
    expect(result).toEqual([`00-${traceId}-${spanId}-01`]);
  });

  it('each goes on alone when the other is disabled', async () => {
    const { origin } = await httpServer(echo);
    const ours = enable.us();
    const peer = enable.peer();
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    const ask = async () => (await flavour.fetch(origin, { dispatcher: agent })).json();
    ours.disable();
    expect(await ask()).toHaveLength(1);
    peer.disable();
    expect(await ask()).toHaveLength(0);
    ours.enable();
    expect(await ask()).toHaveLength(1);
    expect((await telemetry.finished()).map((span) => span.instrumentationScope.name)).toEqual([PEERS, OURS]);
  });
});
