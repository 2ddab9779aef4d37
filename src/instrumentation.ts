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
 * Give an instance to `registerInstrumentations`, or to the `instrumentations` of an SDK. `enable`, `disable` and
 * `setConfig` may be called at any time, and take effect from the next request on. A request under way is finished under the
 * config that it began with.
 *
 * The class has the shape of `Instrumentation` of `@opentelemetry/instrumentation`, but does not extend its base class. That
 * class hooks `require` for the whole process as soon as it is constructed, and no module is patched here.
 */
export class HttpTraceInstrumentation {
  readonly instrumentationName: string = NAME;
  readonly instrumentationVersion: string = VERSION;
  private config: HttpTraceInstrumentationConfig;
  private resolved: ResolvedConfig;
  private meter = metrics.getMeter(NAME, VERSION);
  /** Read at each use, so that another provider takes effect at once. */
  private readonly outputs: Outputs;
  /** The recording that is on; `undefined` while none is. Nothing else says whether one is on. */
  private recording: Recording | undefined;

  /** Starts to record, unless the config or the environment says `enabled: false`. */
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
   * Writes our events and attributes to a span that another instrumentation made, if `span` is `'existing'`. Give this
   * function to the other instrumentation as its request hook. It is bound to the instance.
   *
   * ```ts
   * new UndiciInstrumentation({ requestHook: httptrace.useSpan });
   * new HttpInstrumentation({ requestHook: httptrace.useSpan });
   * ```
   *
   * @param request The request that the other instrumentation gives its hook. Another call for the same request changes
   * nothing.
   */
  readonly useSpan = (span: Span, request: object): void => offerSpan(request, span);

  /**
   * Says what is on, which requests came and what became of them. `hints` says what to do if that is not what was wanted.
   * The facts are gathered at each call, so do not call it for each request. With OpenTelemetry's `diag` at its debug level,
   * the status is logged whenever an instance is enabled.
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
   * Replaces the config as a whole. `enabled` switches on or off if it is given, and changes nothing if it is not.
   *
   * @param config A value of no use is ignored and reported by `diag.warn`, with the path of its key.
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

  /** `registerInstrumentations` calls this. */
  setLoggerProvider(_loggerProvider: object): void {
    // This instrumentation writes no log records.
  }

  /** Records under the present config. An instance that records already keeps its turn among the others. */
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
