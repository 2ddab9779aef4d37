import { type DiagLogger, DiagLogLevel, diag, metrics, trace } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HttpTraceInstrumentation } from '../../src/index.js';

const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn(), verbose: vi.fn() };

function setLogger(logLevel: DiagLogLevel, to: DiagLogger = logger): void {
  diag.setLogger(to, { logLevel, suppressOverrideMessage: true });
}

function instrument(): HttpTraceInstrumentation {
  const instrumentation = new HttpTraceInstrumentation();
  onTestFinished(() => instrumentation.disable());
  return instrumentation;
}

function ourMessages(): unknown[][] {
  return logger.debug.mock.calls.filter(([message]) => String(message).includes('httptrace'));
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  vi.clearAllMocks();
});

afterEach(() => {
  diag.disable();
});

describe('a diag logger at its debug level', () => {
  it('is told the status once an instance is enabled', async () => {
    setLogger(DiagLogLevel.DEBUG);
    const instrumentation = instrument();
    await tick();

    const [[message, status] = [], ...more] = ourMessages();
    expect(more).toEqual([]);
    expect(message).toBe('httptrace: status');
    expect(JSON.parse(String(status))).toEqual(instrumentation.status());
  });

  it('is told it when the SDK had time to start, although that comes later', async () => {
    instrument();
    setLogger(DiagLogLevel.DEBUG);
    trace.setGlobalTracerProvider(new BasicTracerProvider());
    onTestFinished(() => trace.disable());
    await tick();

    expect(JSON.parse(String(ourMessages()[0]?.[1])).openTelemetry.tracerProvider).toBe(true);
  });

  it('is told it in one line, by the console as well', async () => {
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    onTestFinished(() => written.mockRestore());
    const { Console } = await import('node:console');
    setLogger(DiagLogLevel.DEBUG, {
      ...logger,
      debug: (...args) => new Console(process.stdout).debug(...args),
    });
    instrument();
    await tick();

    const lines = written.mock.calls.map(([text]) => String(text)).filter((text) => text.includes('status'));
    expect(lines).toEqual([expect.stringMatching(/^httptrace: status \{"hints":.*\}\n$/)]);
  });

  it('may throw', async () => {
    setLogger(DiagLogLevel.DEBUG, {
      ...logger,
      debug(...args) {
        logger.debug(...args);
        if (String(args[0]).includes('httptrace')) {
          throw new Error('A logger that fails');
        }
      },
    });
    instrument();
    await tick();

    expect(ourMessages()).toHaveLength(1);
  });
});

describe('a diag logger at its info level', () => {
  it('costs no status', async () => {
    setLogger(DiagLogLevel.INFO);
    const status = vi.spyOn(instrument(), 'status');
    await tick();

    expect(status).not.toHaveBeenCalled();
  });
});

describe('a request that nobody records', () => {
  /** As if this process had warned of nothing yet. */
  async function suspect(): Promise<void> {
    vi.resetModules();
    const { suspectNoProvider } = await import('../../src/status/no-provider.js');
    suspectNoProvider();
    suspectNoProvider();
    await tick();
  }

  beforeEach(() => {
    setLogger(DiagLogLevel.WARN);
  });

  afterEach(() => {
    trace.disable();
    metrics.disable();
  });

  it('is warned of, once', async () => {
    await suspect();

    expect(logger.warn.mock.calls).toEqual([
      [
        'httptrace: No TracerProvider is registered, so no span is recorded: start an OpenTelemetry SDK before the first request, or the program with `node --import opentelemetry-instrumentation-httptrace/register`, and look for OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER.',
      ],
    ]);
  });

  it('is not warned of if a TracerProvider came meanwhile', async () => {
    const suspected = suspect();
    trace.setGlobalTracerProvider(new BasicTracerProvider());
    await suspected;

    expect(logger.warn).not.toHaveBeenCalled();
  });

  it.each(['OTEL_TRACES_EXPORTER=none', 'OTEL_SDK_DISABLED=true'])(
    'is not warned of with %s',
    async (setting) => {
      const [name = '', value] = setting.split('=');
      vi.stubEnv(name, value);
      onTestFinished(() => void vi.unstubAllEnvs());
      await suspect();

      expect(logger.warn).not.toHaveBeenCalled();
    },
  );

  it('is not warned of if it is measured', async () => {
    metrics.setGlobalMeterProvider(new MeterProvider());
    await suspect();

    expect(logger.warn).not.toHaveBeenCalled();
  });
});
