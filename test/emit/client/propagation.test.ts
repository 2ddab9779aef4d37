import { context, propagation, ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import { suppressTracing, TraceState } from '@opentelemetry/core';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpTraceInstrumentation } from '../../../src/index.js';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { type Answer, httpServer, type TruthfulServer } from '../../support/servers/truthful-server.js';
import { connectionsAreIdle } from '../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const TRACE_HEADERS = new Set(['traceparent', 'tracestate', 'baggage']);

/** Answers with the trace headers as they lay on the wire: every line of them. */
const echo: Answer = (req, res) => {
  const lines: string[] = [];
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    if (TRACE_HEADERS.has(String(req.rawHeaders[i]).toLowerCase())) {
      lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
    }
  }
  res.end(JSON.stringify(lines));
};

const CALLERS = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const REMOTE: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
};

const WITH_BAGGAGE = propagation.setBaggage(
  ROOT_CONTEXT,
  propagation.createBaggage({ tenant: { value: 'blue' } }),
);

describe.each(UNDICI_FLAVOURS)('$name: trace headers', (flavour) => {
  type Init = Omit<NonNullable<Parameters<typeof flavour.fetch>[1]>, 'dispatcher'>;

  async function sent({ origin }: TruthfulServer, init: Init = {}): Promise<string[]> {
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    return (await (await flavour.fetch(origin, { ...init, dispatcher: agent })).json()) as string[];
  }

  it('name the span of the request', async () => {
    const server = await httpServer(echo);
    telemetry.instrument();
    const lines = await sent(server);
    const { traceId, spanId } = (await telemetry.only()).spanContext();
    expect(lines).toEqual([`traceparent: 00-${traceId}-${spanId}-01`]);
  });

  it('are sent with a request that is not sampled, too', async () => {
    const server = await httpServer(echo);
    telemetry.instrument().setTracerProvider(telemetry.providerOf(new AlwaysOffSampler()));
    expect(await sent(server)).toEqual([
      expect.stringMatching(/^traceparent: 00-[\da-f]{32}-[\da-f]{16}-00$/),
    ]);
    expect(await telemetry.finished()).toEqual([]);
  });

  it.each(['traceparent', 'TraceParent', 'TRACEPARENT'])(
    'are left as the caller wrote them: %s',
    async (name) => {
      const server = await httpServer(echo);
      telemetry.instrument();
      const traceState = new TraceState('ours=1');
      const ctx = trace.setSpanContext(ROOT_CONTEXT, { ...REMOTE, traceState });
      const lines = await context.with(ctx, () => sent(server, { headers: { [name]: CALLERS } }));
      expect(lines.map((line) => line.replace(/^[^:]+/, (key) => key.toLowerCase()))).toEqual([
        `traceparent: ${CALLERS}`,
      ]);
    },
  );

  it('carry the tracestate and the baggage of the context', async () => {
    const server = await httpServer(echo);
    telemetry.instrument();
    const ctx = trace.setSpanContext(WITH_BAGGAGE, { ...REMOTE, traceState: new TraceState('ours=1') });
    const lines = await context.with(ctx, () => sent(server));
    const { spanId } = (await telemetry.only()).spanContext();
    expect(lines).toEqual([
      `traceparent: 00-${REMOTE.traceId}-${spanId}-01`,
      'tracestate: ours=1',
      'baggage: tenant=blue',
    ]);
  });

  it('leave the baggage that the caller wrote', async () => {
    const server = await httpServer(echo);
    telemetry.instrument();
    const lines = await context.with(WITH_BAGGAGE, () => sent(server, { headers: { baggage: 'own=1' } }));
    expect(lines).toEqual(['baggage: own=1', expect.stringMatching(/^traceparent: /)]);
  });

  it.each([
    [{ doNotPropagateTo: ['127.0.0.1'] }, 0],
    [{ doNotPropagateTo: ['127.0.0.1:1'] }, 1],
    [{ propagateTo: ['*.example'] }, 0],
    [{ propagateTo: ['127.0.*.*', '*.example'] }, 1],
    [{ propagateTo: ['**'], doNotPropagateTo: ['127.**'] }, 0],
    [{ propagateTo: [] }, 0],
  ])('go to whom the config names: %j', async (client, count) => {
    const server = await httpServer(echo);
    telemetry.instrument({ client });
    expect(await sent(server)).toHaveLength(count);
    expect(await telemetry.finished()).toHaveLength(1);
  });

  it('are not sent by a request that is suppressed, which leaves no trace at all', async () => {
    const server = await httpServer(echo);
    telemetry.instrument();
    expect(await context.with(suppressTracing(WITH_BAGGAGE), () => sent(server))).toEqual([]);
    expect(await telemetry.finished()).toEqual([]);
    expect(await telemetry.durations()).toEqual([]);
  });

  it('pass on a remote parent where there is no SDK', async () => {
    const server = await httpServer(echo);
    const instrumentation = new HttpTraceInstrumentation({ server: { enabled: false } });
    onTestFinished(() => instrumentation.disable());
    expect(await sent(server)).toEqual([]);
    expect(await context.with(trace.setSpanContext(ROOT_CONTEXT, REMOTE), () => sent(server))).toEqual([
      `traceparent: ${CALLERS}`,
    ]);
  });
});

describe.each(UNDICI_FLAVOURS)('$name: the parent of a span', (flavour) => {
  it('is where the request was made, also on a connection that another one dialled', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const agent = new flavour.Agent({ connections: 1 });
    onTestFinished(() => agent.destroy());
    const ask = () => flavour.fetch(origin, { dispatcher: agent }).then((response) => response.text());
    const first = await telemetry.within(ask);
    await connectionsAreIdle();
    const second = await telemetry.within(ask);
    const spans = await telemetry.finished();
    expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([
      first.parent.spanContext().spanId,
      second.parent.spanContext().spanId,
    ]);
    expect(spans[1]?.attributes['http.conn.reused']).toBe(true);
  });

  it('is where the request was made, also if it waits behind others on one client', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const client = new flavour.Client(origin);
    onTestFinished(() => client.destroy());
    const asked = await Promise.all(
      ['/1', '/2', '/3'].map((path) =>
        telemetry.within(async () => {
          await (await flavour.fetch(origin + path, { dispatcher: client })).text();
          return path;
        }),
      ),
    );
    const spans = await telemetry.finished();
    expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      asked.map(({ parent }) => parent.spanContext().spanId),
    );
  });

  it('is active again after the request, and the span of the request never is', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    const { parent, result } = await telemetry.within(async () => {
      const active = [trace.getActiveSpan()];
      const response = await flavour.fetch(origin, { dispatcher: agent });
      active.push(trace.getActiveSpan());
      await response.text();
      active.push(trace.getActiveSpan());
      await connectionsAreIdle();
      active.push(trace.getActiveSpan());
      return active;
    });
    expect(result).toEqual([parent, parent, parent, parent]);
    expect(trace.getActiveSpan()).toBeUndefined();
    expect(await telemetry.finished()).toHaveLength(1);
  });

  it('has to be there if the config says so: else there is a measurement and no span', async () => {
    const server = await httpServer(echo);
    telemetry.instrument({ client: { requireParentforSpans: true } });
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    const ask = () => flavour.fetch(server.origin, { dispatcher: agent }).then((response) => response.json());
    expect(await context.with(WITH_BAGGAGE, ask)).toEqual(['baggage: tenant=blue']);
    expect(await telemetry.finished()).toEqual([]);
    expect(await telemetry.durations()).toMatchObject([{ count: 1 }]);
    const { parent } = await telemetry.within(ask);
    expect((await telemetry.only()).parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
  });
});

describe.each(INSTALLED_UNDICI)('$name', ({ Pool, Client }) => {
  it('finds the parent of a request that a full pool makes later', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const pool = new Pool(origin, { connections: 1, pipelining: 1 });
    onTestFinished(() => pool.destroy());
    const asked = await Promise.all(
      ['/1', '/2', '/3'].map((path) =>
        telemetry.within(async () => {
          await (await pool.request({ method: 'GET', path })).body.text();
          return path;
        }),
      ),
    );
    const parents = new Map(
      asked.map(({ result, parent }) => [origin + result, parent.spanContext().spanId]),
    );
    for (const { attributes, parentSpanContext } of await telemetry.finished()) {
      expect(parentSpanContext?.spanId).toBe(parents.get(String(attributes['url.full'])));
    }
  });

  it.each([
    ['an array of values', { traceparent: [CALLERS] }],
    ['an array of names and values', ['TraceParent', CALLERS]],
    ['pairs', new Map([['Traceparent', CALLERS]])],
  ])('does not add a traceparent to one that was given as %s', async (_, headers) => {
    const { origin } = await httpServer(echo);
    telemetry.instrument();
    const client = new Client(origin);
    onTestFinished(() => client.destroy());
    const { body } = await client.request({ method: 'GET', path: '/', headers });
    const lines = (await body.json()) as string[];
    expect(lines.map((line) => line.toLowerCase())).toEqual([`traceparent: ${CALLERS}`]);
  });
});
