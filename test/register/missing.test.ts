import { describe, expect, it, vi } from 'vitest';
import { startCollector } from './collector.js';
import { Installation } from './installation.js';
import { REGISTER, runProgram } from './run-program.js';

vi.setConfig({ testTimeout: 30_000 });

const API = '@opentelemetry/api';
const UNHARMED = { exitCode: 3, signal: null, stdout: 'hello\n' };

/** Runs a program that has nothing but what is installed there. */
function runWith({ folder }: Installation, program = 'fetch.mjs', env: NodeJS.ProcessEnv = {}) {
  return runProgram(program, { flags: ['--import', REGISTER], cwd: folder, env });
}

describe('what is missing is one line, and the program runs as it would have:', () => {
  it('no SDK', async () => {
    expect(await runWith(new Installation([API]))).toEqual({
      ...UNHARMED,
      stderr:
        'httptrace: nothing is recorded, because @opentelemetry/sdk-node is not installed; type: npm install @opentelemetry/api@1.9 @opentelemetry/sdk-node@0.223\n',
    });
  });

  it('no SDK, and worker threads', async () => {
    const { stderr } = await runWith(new Installation([API]), 'worker.mjs');

    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('no SDK, and none that is wanted', async () => {
    const env = { OTEL_SDK_DISABLED: 'true' };

    expect(await runWith(new Installation([API]), 'fetch.mjs', env)).toEqual({
      ...UNHARMED,
      stderr: '',
    });
  });

  it('no API', async () => {
    const { stderr, ...ended } = await runWith(new Installation([]));

    expect(ended).toEqual(UNHARMED);
    expect(stderr).toMatch(
      /^httptrace: nothing is recorded, because @opentelemetry\/api is not installed; type: npm install \S+ \S+\n$/,
    );
  });

  it('an SDK that cannot be loaded', async () => {
    const installation = new Installation([API]);
    installation.add('@opentelemetry/sdk-node', 'throw new Error("broken\\nin two lines")');

    expect(await runWith(installation)).toEqual({
      ...UNHARMED,
      stderr:
        'httptrace: nothing is recorded: broken; `npm ls @opentelemetry/api @opentelemetry/sdk-node` shows what is installed\n',
    });
  });

  it('an SDK that cannot be started', async () => {
    const installation = new Installation([API]);
    installation.add(
      '@opentelemetry/sdk-node',
      'exports.NodeSDK = class { start() { throw new Error("cannot") } };',
    );

    expect(await runWith(installation)).toMatchObject({
      ...UNHARMED,
      stderr: expect.stringMatching(/^httptrace: nothing is recorded: cannot; .*\n$/),
    });
  });

  it('an SDK whose API is older than ours', async () => {
    const installation = new Installation([API]);
    installation.add(
      '@opentelemetry/sdk-node',
      `const { context, ROOT_CONTEXT } = require('@opentelemetry/api');
      const manager = { active: () => ROOT_CONTEXT, with: (_, fn) => fn(), bind: (_, target) => target };
      exports.NodeSDK = class { start() { context.setGlobalContextManager(manager); } async shutdown() {} };`,
    );
    installation.addApiFor('@opentelemetry/sdk-node', '1.8.0');

    expect(await runWith(installation)).toEqual({
      ...UNHARMED,
      stderr:
        'httptrace: nothing is recorded, because the SDK has version 1.8.0 of @opentelemetry/api, and 1.9.1 is loaded too; type: npm install @opentelemetry/api@1.8.0\n',
    });
  });
});

describe('the SDK is found', () => {
  it('in the working directory of the program, if not beside this package', async () => {
    const { register } = new Installation([API]);
    const elsewhere = new Installation([API, '@opentelemetry/sdk-node']);

    const { stdout } = await runProgram('fetch.cjs', {
      flags: ['--import', register],
      cwd: elsewhere.folder,
      env: { OTEL_TRACES_EXPORTER: 'waterfall' },
    });

    expect(stdout).toMatch(/^GET http/m);
  });
});

describe('what is wrong is one line:', () => {
  it('a variable', async () => {
    const { stderr } = await runProgram('fetch.mjs', {
      env: { OTEL_TRACES_EXPORTER: 'waterfall', OTEL_INSTRUMENTATION_HTTPTRACE_CLIENT_PHASES: 'spam' },
    });

    expect(stderr).toBe(
      'httptrace: OTEL_INSTRUMENTATION_HTTPTRACE_CLIENT_PHASES: expected "events", "spans", "linked-spans" or "attributes", got "spam"\n',
    );
  });

  it('a drawing beside another exporter, which is sent to all the same', async () => {
    const { collector, env } = await startCollector();

    const { stdout, stderr } = await runProgram('fetch.mjs', {
      env: { ...env, OTEL_TRACES_EXPORTER: 'otlp, waterfall' },
    });

    expect([stdout, collector.spans.length > 0]).toEqual(['hello\n', true]);
    expect(stderr.split('\n')).toContain(
      'httptrace: OTEL_TRACES_EXPORTER: waterfall cannot be one of several, and draws nothing; give WaterfallSpanExporter beside the other exporter to an SDK of your own',
    );
  });

  it('a collector that refuses whatever is sent', async () => {
    const { stderr } = await runProgram('fetch.mjs', {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        OTEL_EXPORTER_OTLP_TIMEOUT: '1',
      },
    });

    expect(stderr).toMatch(
      /^httptrace: .*(ECONNREFUSED|timed out).*; OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/host:4318 says where a collector is, .*\n$/,
    );
  });

  it('is left to the SDK if OTEL_LOG_LEVEL asks for more', async () => {
    const { stdout, stderr } = await runProgram('fetch.mjs', {
      env: { OTEL_TRACES_EXPORTER: 'carrier-pigeon', OTEL_LOG_LEVEL: 'debug', OTEL_METRICS_EXPORTER: 'none' },
    });

    expect(stderr).toMatch(/^Unrecognized OTEL_TRACES_EXPORTER value: carrier-pigeon\.$/m);
    expect(stderr).not.toContain('overwritten');
    expect(stdout).toContain('@opentelemetry/api: Registered a global for propagation');
  });
});
