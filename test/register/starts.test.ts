import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { HttpTraceStatus } from '../../src/index.js';
import { startCollector } from './collector.js';
import { Installation } from './installation.js';
import { PROGRAMS, REGISTER, runProgram } from './run-program.js';

vi.setConfig({ testTimeout: 30_000 });

const IMPORT = ['--import', REGISTER];
const REQUIRE = ['--require', REGISTER];
const NO_EXPORTERS = {
  OTEL_TRACES_EXPORTER: 'none',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
};

const API = '@opentelemetry/api';

const OWN_SCOPE = 'opentelemetry-instrumentation-httptrace';

describe('register starts an SDK', () => {
  it.each([
    { program: 'fetch.mjs', flags: IMPORT },
    { program: 'fetch.mjs', flags: REQUIRE },
    { program: 'fetch.cjs', flags: IMPORT },
    { program: 'fetch.cjs', flags: REQUIRE },
    { program: 'fetch.cjs', flags: [...REQUIRE, ...IMPORT] },
  ])('once, for $program with $flags', async ({ program, flags }) => {
    const { collector, env } = await startCollector();

    const ended = await runProgram(program, { env, flags });

    expect(ended).toEqual({ exitCode: 3, signal: null, stdout: 'hello\n', stderr: '' });
    const client = collector.spans.filter(({ kind }) => kind === 'client');
    expect(client.map(({ name, scope }) => ({ name, scope }))).toEqual([{ name: 'GET', scope: OWN_SCOPE }]);
    expect(new Set(collector.paths)).toEqual(new Set(['/v1/traces', '/v1/metrics']));
  });

  it('as the standard variables describe it', async () => {
    const { collector, env } = await startCollector();

    await runProgram('fetch.mjs', {
      env: {
        ...env,
        OTEL_SERVICE_NAME: 'bookshop',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
        OTEL_NODE_RESOURCE_DETECTORS: 'env',
        OTEL_METRICS_EXPORTER: 'none',
      },
    });

    expect(collector.spans[0]?.resource).toMatchObject({
      'service.name': 'bookshop',
      'deployment.environment.name': 'test',
    });
    expect(collector.spans[0]?.resource).not.toHaveProperty('process.pid');
    expect(new Set(collector.paths)).toEqual(new Set(['/v1/traces']));
  });

  it('as the file describes it that OTEL_CONFIG_FILE names', async () => {
    const { collector, env } = await startCollector();

    const { stderr } = await runProgram('fetch.mjs', {
      env: { OTEL_CONFIG_FILE: join(PROGRAMS, 'sdk.yaml'), COLLECTOR: env.OTEL_EXPORTER_OTLP_ENDPOINT },
    });

    expect(stderr).toBe('');
    expect(collector.spans[0]?.resource).toMatchObject({ 'service.name': 'from-file' });
  });

  it('that writes to the console', async () => {
    const { stdout, stderr } = await runProgram('fetch.cjs', {
      env: { ...NO_EXPORTERS, OTEL_TRACES_EXPORTER: 'console' },
    });

    expect(stderr).toBe('');
    expect(stdout).toContain(`name: '${OWN_SCOPE}'`);
  });

  it('that draws, and needs no collector then', async () => {
    const { stdout, stderr } = await runProgram('fetch.cjs', { env: { OTEL_TRACES_EXPORTER: 'waterfall' } });

    expect(stderr).toBe('');
    expect(stdout).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/ +200 OK$/m);
  });

  it('that draws, and measures for a collector that is named', async () => {
    const { collector, env } = await startCollector();

    await runProgram('fetch.cjs', {
      env: { ...env, OTEL_TRACES_EXPORTER: 'waterfall', OTEL_METRICS_EXPORTER: 'otlp' },
    });

    expect(new Set(collector.paths)).toEqual(new Set(['/v1/metrics']));
  });

  it('without a word if there is to be no exporter', async () => {
    const ended = await runProgram('fetch.mjs', { env: NO_EXPORTERS });

    expect(ended).toEqual({ exitCode: 3, signal: null, stdout: 'hello\n', stderr: '' });
  });
});

describe('register with OTEL_LOG_LEVEL=debug', () => {
  it('tells the status when it starts and when the program ends', async () => {
    const { env } = await startCollector();

    const { stdout } = await runProgram('fetch.cjs', { env: { ...env, OTEL_LOG_LEVEL: 'debug' } });

    const lines = stdout.split('\n').filter((line) => line.startsWith('httptrace: status '));
    const statuses: HttpTraceStatus[] = lines.map((line) =>
      JSON.parse(line.slice('httptrace: status '.length)),
    );
    expect(statuses.map(({ openTelemetry }) => openTelemetry.tracerProvider)).toEqual([true, true]);
    expect(statuses.map(({ sources }) => sources.undici.requests.recorded)).toEqual([0, 1]);
    expect(statuses.at(-1)?.hints).toEqual([]);
  });
});

describe('register starts nothing', () => {
  it('in a second copy of the package', async () => {
    const { register } = new Installation([API, '@opentelemetry/sdk-node']);
    const { collector, env } = await startCollector();

    const { stderr } = await runProgram('fetch.cjs', { flags: [...IMPORT, '--import', register], env });

    expect(stderr).toBe('');
    expect(collector.spans.filter(({ kind }) => kind === 'client')).toHaveLength(1);
  });

  it('if OTEL_SDK_DISABLED says so', async () => {
    const { collector, env } = await startCollector();

    const ended = await runProgram('fetch.mjs', { env: { ...env, OTEL_SDK_DISABLED: 'TRUE' } });

    expect(ended).toEqual({ exitCode: 3, signal: null, stdout: 'hello\n', stderr: '' });
    expect(collector.paths).toEqual([]);
  });

  it('in the thread that module hooks run in', async () => {
    const installation = new Installation([API]);
    installation.add(
      '@opentelemetry/sdk-node',
      `require('node:fs').writeSync(1, 'an SDK\\n');
      exports.NodeSDK = class { start() {} async shutdown() {} };`,
    );

    const { stdout } = await runProgram('fetch.mjs', {
      flags: [...REQUIRE, '--import', join(PROGRAMS, 'module-hooks.mjs')],
      cwd: installation.folder,
    });

    expect(stdout).toBe('an SDK\nhello\n');
  });
});

describe('register beside another SDK', () => {
  it('keeps its own, and lets diag say so, if the program starts one later', async () => {
    const { collector, env } = await startCollector();

    const ended = await runProgram('own-sdk.cjs', { env: { ...env, OTEL_SERVICE_NAME: 'registered' } });

    expect(ended).toMatchObject({ exitCode: 3, stdout: 'hello\n' });
    expect(collector.spans.filter(({ kind }) => kind === 'client')).toHaveLength(1);
    expect(collector.spans[0]?.resource['service.name']).toBe('registered');
    expect(ended.stderr.trimEnd().split('\n').sort()).toEqual(
      ['context', 'metrics', 'propagation', 'trace'].map(
        (name) => `httptrace: Error: @opentelemetry/api: Attempted duplicate registration of API: ${name}`,
      ),
    );
  });

  it('adds the instrumentation to one that runs already', async () => {
    const { collector, env } = await startCollector();

    const ended = await runProgram('fetch.cjs', {
      flags: ['--require', join(PROGRAMS, 'earlier-sdk.cjs'), ...IMPORT],
      env,
    });

    expect(ended).toEqual({
      exitCode: 3,
      signal: null,
      stdout: 'hello\n',
      stderr:
        'httptrace: an OpenTelemetry SDK runs already: it gets the spans, and the OTEL_* variables are up to it\n',
    });
    expect(collector.spans.filter(({ kind }) => kind === 'client')).toHaveLength(1);
    expect(collector.spans[0]?.resource['service.name']).toBe('earlier');
  });
});

describe('register in worker threads', () => {
  it('records in each, under the number of its thread', async () => {
    const { collector, env } = await startCollector();

    const ended = await runProgram('worker.mjs', { env });

    expect(ended).toMatchObject({ exitCode: 3, stdout: 'hello\nhello\n', stderr: '' });
    const client = collector.spans.filter(({ kind }) => kind === 'client');
    expect(client.map(({ resource }) => resource['thread.id'])).toEqual([1, undefined]);
    expect(new Set(client.map(({ resource }) => resource['process.pid'])).size).toBe(1);
  });
});
