import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { startCollector } from './collector.js';
import { RunningProgram, runProgram } from './run-program.js';

/** An exporter that waits for longer than a test may take. */
const PATIENT = { OTEL_EXPORTER_OTLP_TIMEOUT: '60000' };

vi.setConfig({ testTimeout: 30_000 });

const LATE =
  'httptrace: what was recorded last could not be sent within 3 s; OTEL_EXPORTER_OTLP_ENDPOINT=http://host:4318 says where a collector is, OTEL_TRACES_EXPORTER=waterfall draws in the terminal instead\n';

describe('a signal that nobody listens to', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends the program, after its spans are sent: %s',
    async (signal) => {
      const { collector, env } = await startCollector();
      const program = new RunningProgram('serve.mjs', { env });

      await program.signalWhenReady(signal);

      expect(await program.ended).toEqual({ exitCode: null, signal, stdout: 'hello\n', stderr: '' });
      expect(collector.spans.filter(({ kind }) => kind === 'client')).toHaveLength(1);
      expect(collector.paths).toContain('/v1/metrics');
    },
  );

  it('draws what was recorded', async () => {
    const program = new RunningProgram('serve.mjs', { env: { OTEL_TRACES_EXPORTER: 'waterfall' } });

    await program.signalWhenReady('SIGTERM');

    expect((await program.ended).stdout).toMatch(/^GET http/m);
  });

  it('ends the program within a limit if the collector never answers', async () => {
    const { env } = await startCollector(false);
    const program = new RunningProgram('serve.mjs', { env: { ...env, ...PATIENT } });

    await program.signalWhenReady('SIGTERM');

    expect(await program.ended).toMatchObject({ signal: 'SIGTERM', stderr: LATE });
  });

  it('ends the program at once when it comes again', async () => {
    const { collector, env } = await startCollector(false);
    const program = new RunningProgram('serve.mjs', { env: { ...env, ...PATIENT } });

    await program.signalWhenReady('SIGINT');
    await once(collector, '/v1/traces');
    program.kill('SIGINT');

    expect(await program.ended).toMatchObject({ signal: 'SIGINT', stderr: '' });
  });
});

describe('a signal that the program listens to', () => {
  it('does what the program makes of it, and sends the spans meanwhile', async () => {
    const { collector, env } = await startCollector();
    const program = new RunningProgram('serve.mjs', {
      env: { ...env, HANDLER: 'exitAfterInput', OTEL_BSP_SCHEDULE_DELAY: '60000' },
    });

    await program.signalWhenReady('SIGTERM');
    await once(collector, '/v1/traces');
    program.endInput();

    expect(await program.ended).toMatchObject({ exitCode: 7, signal: null, stderr: '' });
    expect(collector.spans.filter(({ kind }) => kind === 'client')).toHaveLength(1);
  });

  it('ends it if its listener does so when it is alone', async () => {
    const { env } = await startCollector();
    const program = new RunningProgram('serve.mjs', { env: { ...env, HANDLER: 'ifAlone' } });

    await program.signalWhenReady('SIGTERM');

    expect(await program.ended).toMatchObject({ exitCode: null, signal: 'SIGTERM' });
  });

  it('sends the spans again when it comes again', async () => {
    const { collector, env } = await startCollector();
    const program = new RunningProgram('serve.mjs', { env: { ...env, HANDLER: 'once' } });

    await program.signalWhenReady('SIGTERM');
    await program.signalWhenReady('SIGTERM');

    expect(await program.ended).toMatchObject({
      exitCode: null,
      signal: 'SIGTERM',
      stdout: 'hello\nhello\n',
    });
    expect(collector.spans.filter(({ kind }) => kind === 'client')).toHaveLength(2);
  });
});

describe('the natural end of a program', () => {
  it('comes within a limit if the collector never answers, and with its own exit code', async () => {
    const { env } = await startCollector(false);

    const ended = await runProgram('fetch.mjs', { env: { ...env, ...PATIENT } });

    expect(ended).toEqual({ exitCode: 3, signal: null, stdout: 'hello\n', stderr: LATE });
  });

  it('leaves what others do in beforeExit to them', async () => {
    const { env } = await startCollector(false);

    const ended = await runProgram('before-exit.cjs', {
      env: { ...env, OTEL_EXPORTER_OTLP_TIMEOUT: '3500' },
    });

    expect(ended).toMatchObject({ exitCode: 3, stdout: 'hello\nlast words\n' });
  });
});
