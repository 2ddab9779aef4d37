import type { ServerResponse } from 'node:http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpTraceInstrumentation, type HttpTraceInstrumentationConfig } from '../../src/index.js';
import { UNDICI_FLAVOURS } from '../support/clients/undici-flavours.js';
import { differences, surroundings } from '../support/peers/untouched.js';
import { httpServer } from '../support/servers/truthful-server.js';
import { connectionsAreIdle } from '../support/telemetry/expected-span.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

describe.each(UNDICI_FLAVOURS)('$name: an instance', (flavour) => {
  function agentOf() {
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    return agent;
  }

  async function get(url: string, dispatcher = agentOf()): Promise<void> {
    await (await flavour.fetch(url, { dispatcher })).text();
  }

  /** A server that answers when it is told to, and a request that it has not answered yet. */
  async function underWay(path: string) {
    const waiting: ServerResponse[] = [];
    const { origin } = await httpServer((_req, res) => waiting.push(res));
    const asked = get(`${origin}${path}`);
    while (waiting.length === 0) {
      await connectionsAreIdle();
    }
    return {
      origin,
      answer: async () => {
        waiting[0]?.end('ok');
        await asked;
      },
    };
  }

  it('records once however often it is enabled, and nothing when it is disabled', async () => {
    const { origin } = await httpServer();
    const instrumentation = telemetry.instrument();
    instrumentation.enable();
    instrumentation.enable();
    await get(`${origin}/1`);
    expect(await telemetry.finished()).toHaveLength(1);
    instrumentation.disable();
    instrumentation.disable();
    expect(instrumentation.isEnabled()).toBe(false);
    await get(`${origin}/2`);
    expect(await telemetry.finished()).toHaveLength(1);
    instrumentation.enable();
    expect(instrumentation.isEnabled()).toBe(true);
    await get(`${origin}/3`);
    expect((await telemetry.durations())[0]?.count).toBe(2);
    expect(await telemetry.finished()).toHaveLength(2);
  });

  it('records by whatever was last said, in any order', async () => {
    const { origin } = await httpServer();
    const instrumentation = telemetry.instrument({ enabled: false });
    const agent = agentOf();
    let on = false;
    let recorded = 0;
    const steps: readonly (() => void)[] = [
      () => {
        instrumentation.enable();
        on = true;
      },
      () => {
        instrumentation.disable();
        on = false;
      },
      () => {
        instrumentation.setConfig({ enabled: true, server: { enabled: false } });
        on = true;
      },
      () => {
        instrumentation.setConfig({ enabled: false, server: { enabled: false } });
        on = false;
      },
      () => instrumentation.setConfig({ server: { enabled: false } }),
    ];
    for (const index of randomly(steps.length, 60)) {
      steps[index]?.();
      expect(instrumentation.isEnabled()).toBe(on);
      await get(`${origin}/`, agent);
      await connectionsAreIdle();
      recorded += on ? 1 : 0;
      expect(await telemetry.finished()).toHaveLength(recorded);
    }
  });

  it('leaves everything as it was while it is disabled', async () => {
    const { origin } = await httpServer();
    // Whatever a first request loads is there.
    await get(`${origin}/0`);
    const before = surroundings();
    const instrumentation = telemetry.attach(new HttpTraceInstrumentation({ enabled: false }));
    expect(differences(before, surroundings())).toEqual([]);
    instrumentation.enable();
    expect(differences(before, surroundings())).toContain('undici:request:create');
    await get(`${origin}/1`);
    await telemetry.settled();
    await connectionsAreIdle();
    instrumentation.disable();
    expect(differences(before, surroundings())).toEqual([]);
    instrumentation.setConfig({ client: { phases: 'attributes' } });
    expect(differences(before, surroundings())).toEqual([]);
  });

  it('finishes a request that is under way when it is disabled, and then leaves', async () => {
    const before = surroundings();
    const instrumentation = telemetry.instrument();
    const { answer } = await underWay('/');
    instrumentation.disable();
    expect(instrumentation.isEnabled()).toBe(false);
    expect(differences(before, surroundings())).toContain('undici:request:trailers');
    await answer();
    expect((await telemetry.onlyShown()).attributes).toMatchObject({ 'http.response.status_code': 200 });
    expect(await telemetry.durations()).toMatchObject([{ count: 1 }]);
    expect(differences(before, surroundings())).toEqual([]);
  });

  it('takes no new request while it finishes one', async () => {
    const instrumentation = telemetry.instrument();
    const { origin: other } = await httpServer();
    const { answer } = await underWay('/first');
    instrumentation.disable();
    await get(`${other}/second`);
    await answer();
    expect((await telemetry.onlyShown()).attributes['url.full']).toMatch(/\/first$/);
  });

  it('finishes a request by the config that it began with', async () => {
    const instrumentation = telemetry.instrument({ metrics: { 'http.client.request.duration': true } });
    const { origin, answer } = await underWay('/first');
    instrumentation.setConfig({
      server: { enabled: false },
      client: { phases: 'attributes' },
      metrics: { 'http.client.request.duration': false },
    });
    const second = await underWay('/second');
    await second.answer();
    await answer();
    const [later, first] = await telemetry.shown();
    expect(first?.attributes['url.full']).toBe(`${origin}/first`);
    expect(first?.events.map(([name]) => name)).toContain('http.receive.done');
    expect(later?.events).toEqual([]);
    expect(await telemetry.durations()).toMatchObject([{ count: 1 }]);
  });

  it('finishes a request once, whatever is said meanwhile', async () => {
    const instrumentation = telemetry.instrument();
    const { answer } = await underWay('/');
    instrumentation.disable();
    instrumentation.enable();
    instrumentation.setConfig({ enabled: false, server: { enabled: false } });
    instrumentation.setConfig({ enabled: true, server: { enabled: false } });
    await answer();
    expect(await telemetry.finished()).toHaveLength(1);
    expect((await telemetry.durations())[0]?.count).toBe(1);
  });

  it('records to the providers that it is given late', async () => {
    const { origin } = await httpServer();
    const instrumentation = new HttpTraceInstrumentation({ server: { enabled: false } });
    onTestFinished(() => instrumentation.disable());
    await get(`${origin}/before`);
    telemetry.attach(instrumentation);
    await get(`${origin}/after`);
    expect((await telemetry.only()).attributes['url.full']).toBe(`${origin}/after`);
    expect((await telemetry.durations())[0]?.count).toBe(1);
  });

  it('records each request once beside another one, which takes over when it is disabled', async () => {
    const { origin } = await httpServer();
    const record = (client: HttpTraceInstrumentationConfig['client']) => telemetry.instrument({ client });
    const first = record({ startSpanHook: () => ({ by: 'first' }) });
    const second = record({ startSpanHook: () => ({ by: 'second' }) });
    const recorders = async () => (await telemetry.finished()).map(({ attributes }) => attributes.by);
    await get(`${origin}/1`);
    expect(await recorders()).toEqual(['first']);
    first.disable();
    await get(`${origin}/2`);
    expect(await recorders()).toEqual(['first', 'second']);
    second.disable();
    await get(`${origin}/3`);
    expect(await recorders()).toEqual(['first', 'second']);
    first.enable();
    await get(`${origin}/4`);
    expect(await recorders()).toEqual(['first', 'second', 'first']);
  });

  it('does not leave its place to another one when its config changes', async () => {
    const { origin } = await httpServer();
    const first = telemetry.instrument();
    telemetry.instrument({ client: { startSpanHook: () => ({ by: 'second' }) } });
    first.setConfig({ server: { enabled: false }, client: { startSpanHook: () => ({ by: 'first' }) } });
    await get(`${origin}/`);
    expect((await telemetry.only()).attributes.by).toBe('first');
  });
});

describe('registerInstrumentations', () => {
  it('switches on an instance that was constructed to be off', () => {
    const instrumentation = new HttpTraceInstrumentation({ enabled: false, server: { enabled: false } });
    expect(instrumentation.isEnabled()).toBe(false);
    const unregister = registerInstrumentations({ instrumentations: [instrumentation] });
    expect(instrumentation.isEnabled()).toBe(true);
    unregister();
    expect(instrumentation.isEnabled()).toBe(false);
  });

  it('leaves an instance that is on as it is', async () => {
    const instrumentation = new HttpTraceInstrumentation({ server: { enabled: false } });
    expect(instrumentation.isEnabled()).toBe(true);
    const unregister = registerInstrumentations({
      instrumentations: [instrumentation],
      tracerProvider: telemetry.tracerProvider,
    });
    onTestFinished(unregister);
    const { origin } = await httpServer();
    await (await fetch(`${origin}/`)).text();
    expect(await telemetry.finished()).toHaveLength(1);
  });
});

/** Numbers below a limit; the same ones in each run. */
function* randomly(limit: number, count: number): Generator<number> {
  let state = 42;
  for (let i = 0; i < count; i++) {
    state = (state * 48_271) % 2_147_483_647;
    yield state % limit;
  }
}
