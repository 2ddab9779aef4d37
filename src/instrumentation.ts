import { diag, type Span } from '@opentelemetry/api';
import { InstrumentationBase } from '@opentelemetry/instrumentation';
import { resolveConfig } from './config/resolve.js';
import type { ResolvedConfig } from './config/resolved.js';
import type { HttpTraceInstrumentationConfig } from './config.js';
import { capped } from './emit/capped-attributes.js';
import { ClientTelemetry } from './emit/client.js';
import { offerSpan } from './emit/existing-spans.js';
import { createInstruments, type Instruments } from './emit/instruments.js';
import { ServerTelemetry } from './emit/server.js';
import { registry } from './registry.js';
import type { Stop } from './source/request-trace.js';
import { logSoon } from './status/log.js';
import { type Counters, newCounters } from './status/request-counter.js';
import { type HttpTraceStatus, statusOf } from './status/status.js';
import { VERSION } from './version.js';

const NAME = 'opentelemetry-instrumentation-httptrace';

/** This copy of the package. */
const COPY = { version: VERSION };

/**
 * Records where the time of each outgoing HTTP request went, and what each response really was.
 *
 * Give it to `registerInstrumentations`, or to the `instrumentations` of an SDK. `enable`, `disable` and
 * `setConfig` take effect from the next request on, at any time; a request that is under way is finished by the
 * config that it began with.
 */
export class HttpTraceInstrumentation extends InstrumentationBase<HttpTraceInstrumentationConfig> {
  // The base class calls setConfig and enable before these could be initialized: they are declared only.
  declare private resolved: ResolvedConfig;
  declare private instruments: Instruments;
  /** What ends the recording that is on; the only truth about whether one is. */
  declare private stop: Stop | undefined;
  declare private constructed: true;
  declare private counters: Counters;

  constructor(config: HttpTraceInstrumentationConfig = {}) {
    super(NAME, VERSION, config);
    this.constructed = true;
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

  /** There is no module to patch: everything is observed where it happens. */
  protected override init(): [] {
    return [];
  }

  override isEnabled(): boolean {
    return this.stop !== undefined;
  }

  override enable(): void {
    // The environment may say what the code does not: then being constructed is no reason to begin.
    if (this.stop === undefined && (this.constructed || this.resolved.enabled)) {
      this.stop = this.start();
      logSoon(NAME, () => this.status());
    }
  }

  /**
   * Says what is on, what came, what became of it, and in `hints` what to do if that is not what was wanted. It
   * looks around when it is called, so not on the path of each request. With OpenTelemetry's `diag` at its debug
   * level, it is logged whenever an instance is enabled.
   */
  status(): HttpTraceStatus {
    const { resolved: config, counters, tracer, meter } = this;
    return statusOf({ enabled: this.isEnabled(), config, counters, tracer, meter });
  }

  override disable(): void {
    this.stop?.();
    this.stop = undefined;
  }

  /**
   * Replaces the config as a whole. `enabled` switches on or off if it is given, and changes nothing if not.
   *
   * @param config What is of no use in it is reported by `diag.warn` with the path of its key, and ignored.
   */
  override setConfig(config: HttpTraceInstrumentationConfig = {}): void {
    this.counters ??= newCounters();
    const given = readable(config);
    super.setConfig(given);
    const resolved = resolveConfig(given, process.env, (message) => diag.warn(`${NAME}: ${message}`));
    const { metricAttributesHook } = resolved;
    this.resolved = {
      ...resolved,
      metricAttributesHook: metricAttributesHook && capped(metricAttributesHook),
    };
    if (this.constructed) {
      this._updateMetricInstruments();
      this.restart(typeof given.enabled === 'boolean' ? given.enabled : this.isEnabled());
    }
  }

  private restart(enabled: boolean): void {
    this.disable();
    if (enabled) {
      this.enable();
    }
  }

  protected override _updateMetricInstruments(): void {
    this.instruments = createInstruments(this.meter, this.resolved.metrics);
  }

  private start(): Stop {
    const outputs = {
      tracer: () => this.tracer,
      instruments: () => this.instruments,
      counters: this.counters,
    };
    const { client, server } = this.resolved;
    registry().copies.add(COPY);
    const stops: Stop[] = [];
    if (client.enabled) {
      stops.push(registry().record(new ClientTelemetry(this.resolved, outputs)));
    }
    if (server.enabled) {
      stops.push(registry().recordServers(new ServerTelemetry(this.resolved, outputs)));
    }
    return () => {
      for (const stop of stops) {
        stop();
      }
    };
  }
}

/** The base class copies the config, which must not fail here: a getter of the user's may throw. */
function readable(config: HttpTraceInstrumentationConfig): HttpTraceInstrumentationConfig {
  try {
    return { ...config };
  } catch (error) {
    diag.warn(`${NAME}: the config could not be read and is ignored`, error);
    return {};
  }
}
