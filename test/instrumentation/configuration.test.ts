import { DiagLogLevel, diag } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HttpTraceInstrumentation, type HttpTraceInstrumentationConfig } from '../../src/index.js';
import { httpServer } from '../support/servers/truthful-server.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const CLIENT_ONLY = { server: { enabled: false } };

function constructed(config: object = {}): HttpTraceInstrumentation {
  const instrumentation = new HttpTraceInstrumentation({ ...CLIENT_ONLY, ...config });
  onTestFinished(() => instrumentation.disable());
  return instrumentation;
}

describe('OTEL_INSTRUMENTATION_HTTPTRACE_ENABLED=false', () => {
  beforeEach(() => void vi.stubEnv('OTEL_INSTRUMENTATION_HTTPTRACE_ENABLED', 'false'));
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ['nothing', {}],
    ['an empty config', { enabled: undefined }],
    ['a config that cannot be read', { enabled: 'perhaps' }],
  ])('keeps an instance off that says %s, also through registerInstrumentations', (_, config) => {
    const instrumentation = constructed(config);
    expect(instrumentation.isEnabled()).toBe(false);
    onTestFinished(registerInstrumentations({ instrumentations: [instrumentation] }));
    expect(instrumentation.isEnabled()).toBe(false);
  });

  it('loses against the code', () => {
    expect(constructed({ enabled: true }).isEnabled()).toBe(true);
  });

  it('loses against enable()', async () => {
    const instrumentation = telemetry.attach(constructed());
    instrumentation.enable();
    expect(instrumentation.isEnabled()).toBe(true);
    await (await fetch((await httpServer()).origin)).text();
    expect(await telemetry.finished()).toHaveLength(1);
  });

  it('is not undone by a config that does not speak of it', () => {
    const instrumentation = constructed();
    instrumentation.setConfig({ client: { phases: 'attributes' } });
    expect(instrumentation.isEnabled()).toBe(false);
  });
});

describe('a config that says nothing of `enabled`', () => {
  it.each([
    ['nothing', {}],
    ['undefined', { enabled: undefined }],
  ])('is on from the start: %s', (_, config) => {
    expect(constructed(config).isEnabled()).toBe(true);
  });

  it('changes nothing of it later', () => {
    const instrumentation = constructed({ enabled: false });
    instrumentation.setConfig({});
    expect(instrumentation.isEnabled()).toBe(false);
    instrumentation.enable();
    instrumentation.setConfig({});
    expect(instrumentation.isEnabled()).toBe(true);
  });
});

describe('a config that is wrong', () => {
  function warnings(config: object): string[] {
    const logged: string[] = [];
    const ignore = () => undefined;
    diag.setLogger(
      {
        error: ignore,
        warn: (message) => logged.push(message),
        info: ignore,
        debug: ignore,
        verbose: ignore,
      },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
    onTestFinished(() => diag.disable());
    constructed(config);
    return logged;
  }

  it.each([
    [{ client: { phase: 'events' } }, 'client.phase: unknown key; did you mean phases?'],
    [
      { client: { phases: 'logs' } },
      'client.phases: expected "events", "spans", "linked-spans" or "attributes", got "logs"',
    ],
    [{ client: { hooks: { dnsStart: 1 } } }, 'client.hooks.dnsStart: expected true or false, got 1'],
    [{ requestHook: () => undefined }, 'requestHook: unknown key'],
  ])('is warned about with the path: %j', (config, message) => {
    const [warning, ...more] = warnings(config);
    expect(warning).toContain(`opentelemetry-instrumentation-httptrace: ${message}`);
    expect(more).toEqual([]);
  });

  it('works in what is right of it', async () => {
    const config = { client: { phases: 'logs', startSpanHook: () => ({ right: true }) } };
    const instrumentation = constructed(config as HttpTraceInstrumentationConfig);
    telemetry.attach(instrumentation);
    await (await fetch((await httpServer()).origin)).text();
    expect((await telemetry.onlyShown()).attributes.right).toBe(true);
  });

  it.each([
    [
      'a getter that throws',
      {
        get client(): object {
          throw new Error('mine');
        },
      },
    ],
    ['null', null],
    ['a text', 'client'],
  ])('never throws: %s', (_, config) => {
    const warn = vi.spyOn(diag, 'warn').mockReturnValue();
    onTestFinished(() => warn.mockRestore());
    const instrumentation = new HttpTraceInstrumentation(config as HttpTraceInstrumentationConfig);
    onTestFinished(() => instrumentation.disable());
    expect(instrumentation.isEnabled()).toBe(true);
    expect(() => instrumentation.setConfig(config as HttpTraceInstrumentationConfig)).not.toThrow();
  });
});
