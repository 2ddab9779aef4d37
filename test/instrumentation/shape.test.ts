import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';
import { metrics, trace } from '@opentelemetry/api';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HttpTraceInstrumentation, type HttpTraceInstrumentationConfig } from '../../src/index.js';
import { httpServer } from '../support/servers/truthful-server.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';

const telemetry = useTelemetry();
const ROOT = join(__dirname, '..', '..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

function constructed(config: HttpTraceInstrumentationConfig = {}): HttpTraceInstrumentation {
  const instrumentation = new HttpTraceInstrumentation(config);
  onTestFinished(() => instrumentation.disable());
  return instrumentation;
}

describe('an instance has the shape that registerInstrumentations and SDKs take:', () => {
  it('the interface', () => {
    const shaped: Instrumentation = constructed();
    const typed: Instrumentation<HttpTraceInstrumentationConfig> = constructed();

    expect(shaped.instrumentationName).toBe('opentelemetry-instrumentation-httptrace');
    expect(typed.instrumentationVersion).toBe(manifest.version);
  });

  it.each([
    ['what says nothing of it is on', {}, { enabled: true }],
    ['what is off is off', { enabled: false }, { enabled: false }],
    ['the rest is as it was given', { metrics: {} }, { enabled: true, metrics: {} }],
  ])('getConfig: %s', (_, config, got) => {
    expect(constructed(config).getConfig()).toEqual(got);
    const other = constructed();
    other.setConfig(config);
    expect(other.getConfig()).toEqual(got);
  });

  it('a config of its own: what is done to the object that was given changes nothing', () => {
    const config: HttpTraceInstrumentationConfig = { enabled: false };
    const instrumentation = constructed(config);
    config.enabled = true;

    expect(instrumentation.getConfig()).toEqual({ enabled: false });
  });

  it('a tracer and a meter by its name and version', async () => {
    const instrumentation = constructed({ server: { enabled: false } });
    const tracerOf = vi.spyOn(telemetry.tracerProvider, 'getTracer');
    const meterOf = vi.spyOn(telemetry.meterProvider, 'getMeter');
    telemetry.attach(instrumentation);

    const scope = ['opentelemetry-instrumentation-httptrace', manifest.version];
    expect(tracerOf.mock.calls).toEqual([scope]);
    expect(meterOf.mock.calls).toEqual([scope]);
    await (await fetch((await httpServer()).origin)).text();
    expect((await telemetry.only()).instrumentationScope).toMatchObject({
      name: scope[0],
      version: scope[1],
    });
    expect(await telemetry.durations()).toHaveLength(1);
  });

  it('those that are registered globally if it is given none', async () => {
    trace.setGlobalTracerProvider(telemetry.tracerProvider);
    metrics.setGlobalMeterProvider(telemetry.meterProvider);
    onTestFinished(() => {
      trace.disable();
      metrics.disable();
    });
    constructed({ server: { enabled: false } });
    await (await fetch((await httpServer()).origin)).text();

    expect(await telemetry.finished()).toHaveLength(1);
    expect(await telemetry.durations()).toHaveLength(1);
  });

  it('a logger provider, of which it asks nothing', () => {
    const getLogger = vi.fn();
    constructed().setLoggerProvider({ getLogger });

    expect(getLogger).not.toHaveBeenCalled();
  });
});

describe('nothing is hooked but what is observed:', () => {
  it('the loaders are those of Node, on, off, and on again', () => {
    const loaders = () => [
      Module.prototype.require,
      Reflect.get(Module, '_load'),
      Reflect.get(Module, '_resolveFilename'),
      Reflect.get(Module, '_extensions')['.js'],
    ];
    const before = loaders();
    const instrumentation = constructed({ enabled: false });
    expect(loaders()).toEqual(before);
    instrumentation.enable();
    instrumentation.disable();
    instrumentation.setConfig({ enabled: true });
    expect(loaders()).toEqual(before);
  });

  it.each(['index', 'httptrace', 'httpsnoop/index', 'waterfall/index'])(
    'dist/%s.js loads no package but the API',
    (entry) => {
      const program = `
        require(process.argv[1]);
        console.log(JSON.stringify(Object.keys(require.cache)));
      `;
      const file = join(ROOT, 'dist', `${entry}.js`);
      const loaded: string[] = JSON.parse(
        execFileSync(process.execPath, ['-e', program, '--', file], { encoding: 'utf8' }),
      );
      const packages = loaded
        .filter((path) => path.includes('node_modules'))
        .map((path) => path.split(/node_modules[/\\]/).at(-1));

      expect(packages.filter((path) => !/^@opentelemetry[/\\]api[/\\]/.test(path ?? ''))).toEqual([]);
    },
  );

  it('an import loads no module of Node that is watched; an instance does', () => {
    const program = `
      const { HttpTraceInstrumentation } = require(process.argv[1]);
      const watched = () => ['http', 'https', 'tls'].map((name) => process.moduleLoadList.includes('NativeModule ' + name));
      const imported = watched();
      new HttpTraceInstrumentation();
      console.log(JSON.stringify({ imported, made: watched() }));
    `;
    const file = join(ROOT, 'dist', 'index.js');
    const printed = execFileSync(process.execPath, ['-e', program, '--', file], { encoding: 'utf8' });

    expect(JSON.parse(printed)).toEqual({ imported: [false, false, false], made: [true, true, true] });
  });

  it('the package has no dependency, and of its peers all but the API are optional', () => {
    expect(manifest.dependencies).toBeUndefined();
    const wanted = Object.keys(manifest.peerDependencies).filter(
      (peer) => manifest.peerDependenciesMeta[peer]?.optional !== true,
    );
    expect(wanted).toEqual(['@opentelemetry/api']);
  });
});
