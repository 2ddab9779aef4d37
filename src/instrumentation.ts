import {
  type MeterProvider,
  metrics,
  type Span,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { forRegistration, readable } from './config/given.js';
import { resolveConfig } from './config/resolve.js';
import type { ResolvedConfig } from './config/resolved.js';
import type { HttpTraceInstrumentationConfig } from './config/types.js';
import { reportWarning } from './diagnostics.js';
import { capped } from './emit/capped-attributes.js';
import { offerSpan } from './emit/existing-spans.js';
import { createInstruments, type Instruments } from './emit/instruments.js';
import { Recording } from './recording.js';
import { logStatusSoon } from './status/log.js';
import type { HttpTraceStatus } from './status/report.js';
import { type Counters, newCounters } from './status/request-counter.js';
import { statusOf } from './status/status.js';
import { VERSION } from './version.js';

interface Outputs {
  tracer: Tracer;
  instruments: Instruments;
  readonly counters: Counters;
}

const NAME = 'opentelemetry-instrumentation-httptrace';

/**
 * Records where the time of each outgoing HTTP request went, and what each response really was.
 *
 * Give it to `registerInstrumentations`, or to the `instrumentations` of an SDK. `enable`, `disable` and
 * `setConfig` take effect from the next request on, at any time; a request that is under way is finished by the
 * config that it began with.
 *
 * It has the shape of `Instrumentation` of `@opentelemetry/instrumentation` and does not extend its base class: that
 * one hooks `require` for the whole process as soon as it is constructed, and there is no module to patch here.
 */
export class HttpTraceInstrumentation {
  readonly instrumentationName: string = NAME;
  readonly instrumentationVersion: string = VERSION;
  private config: HttpTraceInstrumentationConfig;
  private resolved: ResolvedConfig;
  private meter = metrics.getMeter(NAME, VERSION);
  /** Whoever records reads it at each use: so another provider counts at once. */
  private readonly outputs: Outputs;
  /** The recording that is on; the only truth about whether one is. */
  private recording: Recording | undefined;

  /** Begins to record, unless the config or the environment says `enabled: false`. */
  constructor(config: HttpTraceInstrumentationConfig = {}) {
    const given = readable(config);
    this.config = forRegistration(given);
    this.resolved = resolve(given);
    this.outputs = {
      tracer: trace.getTracer(NAME, VERSION),
      instruments: createInstruments(this.meter, this.resolved.metrics),
      counters: newCounters(),
    };
    if (this.resolved.enabled) {
      this.enable();
    }
  }

  /**
   * Writes our events and attributes to a span that another instrumentation made, with `span: 'existing'`: give it
   * to that one as its request hook. Bound, so that it can be passed on as it is.
   *
   * ```ts
   * new UndiciInstrumentation({ requestHook: httptrace.useSpan });
   * new HttpInstrumentation({ requestHook: httptrace.useSpan });
   * ```
   *
   * @param request What the other instrumentation gives its hook; called again for the same one, nothing changes.
   */
  readonly useSpan = (span: Span, request: object): void => offerSpan(request, span);

  /**
   * Says what is on, what came, what became of it, and in `hints` what to do if that is not what was wanted. It
   * looks around when it is called, so not on the path of each request. With OpenTelemetry's `diag` at its debug
   * level, it is logged whenever an instance is enabled.
   */
  status(): HttpTraceStatus {
    const { resolved: config, meter } = this;
    const { counters, tracer } = this.outputs;
    return statusOf({ enabled: this.isEnabled(), config, counters, tracer, meter });
  }

  isEnabled(): boolean {
    return this.recording !== undefined;
  }

  enable(): void {
    if (this.recording === undefined) {
      this.record();
      logStatusSoon(() => this.status());
    }
  }

  disable(): void {
    this.recording?.stop();
    this.recording = undefined;
  }

  /** What was given last, and whether that leaves the instance to `registerInstrumentations` to enable. */
  getConfig(): HttpTraceInstrumentationConfig {
    return this.config;
  }

  /**
   * Replaces the config as a whole. `enabled` switches on or off if it is given, and changes nothing if not.
   *
   * @param config What is of no use in it is reported by `diag.warn` with the path of its key, and ignored.
   */
  setConfig(config: HttpTraceInstrumentationConfig = {}): void {
    const given = readable(config);
    this.config = forRegistration(given);
    this.resolved = resolve(given);
    this.outputs.instruments = createInstruments(this.meter, this.resolved.metrics);
    if (given.enabled === false) {
      this.disable();
    } else if (this.recording !== undefined) {
      this.record();
    } else if (given.enabled === true) {
      this.enable();
    }
  }

  setTracerProvider(tracerProvider: TracerProvider): void {
    this.outputs.tracer = tracerProvider.getTracer(NAME, VERSION);
  }

  setMeterProvider(meterProvider: MeterProvider): void {
    this.meter = meterProvider.getMeter(NAME, VERSION);
    this.outputs.instruments = createInstruments(this.meter, this.resolved.metrics);
  }

  /** Who registers instrumentations gives each of them a LoggerProvider; this one writes no log records. */
  setLoggerProvider(_loggerProvider: object): void {
    // Nothing is logged.
  }

  /** By the config as it is now; one that goes on recording keeps its turn among others. */
  private record(): void {
    const recording = new Recording(this.resolved, this.outputs);
    recording.start(this.recording);
    this.recording = recording;
  }
}

function resolve(given: HttpTraceInstrumentationConfig): ResolvedConfig {
  const resolved = resolveConfig(given, process.env, (message) => reportWarning(`${NAME}: ${message}`));
  const { metricAttributesHook } = resolved;
  return { ...resolved, metricAttributesHook: metricAttributesHook && capped(metricAttributesHook) };
}
