import type { Span } from '@opentelemetry/api';
import { InstrumentationBase } from '@opentelemetry/instrumentation';
import { resolveConfig } from './config/resolve.js';
import type { ResolvedConfig } from './config/resolved.js';
import type { HttpTraceInstrumentationConfig } from './config/types.js';
import { reportWarning } from './diagnostics.js';
import { capped } from './emit/capped-attributes.js';
import { ClientTelemetry } from './emit/client/telemetry.js';
import { offerSpan } from './emit/existing-spans.js';
import { createInstruments, type Instruments } from './emit/instruments.js';
import { ServerTelemetry } from './emit/server/telemetry.js';
import { registry } from './registry.js';
import { logStatusSoon } from './status/log.js';
import type { HttpTraceStatus } from './status/report.js';
import { type Counters, newCounters } from './status/request-counter.js';
import { statusOf } from './status/status.js';
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
  /** The recording that is on; the only truth about whether one is. */
  declare private recording: Recording | undefined;
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
    return this.recording !== undefined;
  }

  override enable(): void {
    // The environment may say what the code does not: then being constructed is no reason to begin.
    if (this.recording === undefined && (this.constructed || this.resolved.enabled)) {
      this.recording = this.record(NOTHING, this.resolved);
      logStatusSoon(() => this.status());
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
    const { recording } = this;
    if (recording !== undefined) {
      this.recording = undefined;
      replace(recording, NOTHING);
    }
  }

  /**
   * Replaces the config as a whole. `enabled` switches on or off if it is given, and changes nothing if not.
   *
   * @param config What is of no use in it is reported by `diag.warn` with the path of its key, and ignored.
   */
  override setConfig(config: HttpTraceInstrumentationConfig = {}): void {
    this.counters ??= newCounters();
    const given = readable(config);
    // What does not say whether it is on must not look off: registerInstrumentations would switch it on.
    super.setConfig({ ...given, enabled: given.enabled !== false });
    const resolved = resolveConfig(given, process.env, (message) => reportWarning(`${NAME}: ${message}`));
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

  /** One that goes on recording keeps its turn among others. */
  private restart(enabled: boolean): void {
    if (enabled && this.recording !== undefined) {
      this.recording = this.record(this.recording, this.resolved);
    } else if (enabled) {
      this.enable();
    } else {
      this.disable();
    }
  }

  protected override _updateMetricInstruments(): void {
    this.instruments = createInstruments(this.meter, this.resolved.metrics);
  }

  private record(before: Recording, config: ResolvedConfig): Recording {
    const outputs = {
      tracer: () => this.tracer,
      instruments: () => this.instruments,
      counters: this.counters,
    };
    const recording = {
      client: config.client.enabled ? new ClientTelemetry(config, outputs) : undefined,
      server: config.server.enabled ? new ServerTelemetry(config, outputs) : undefined,
    };
    registry().copies.add(COPY);
    replace(before, recording);
    return recording;
  }
}

/** Who records each side for one instance, by one config. */
interface Recording {
  readonly client: ClientTelemetry | undefined;
  readonly server: ServerTelemetry | undefined;
}

const NOTHING: Recording = { client: undefined, server: undefined };

function replace(before: Recording, after: Recording): void {
  registry().replaceClients(before.client, after.client);
  registry().replaceServers(before.server, after.server);
}

/** The base class copies the config, which must not fail here: a getter of the user's may throw. */
function readable(config: HttpTraceInstrumentationConfig): HttpTraceInstrumentationConfig {
  try {
    return { ...config };
  } catch (error) {
    reportWarning(`${NAME}: the config could not be read and is ignored`, error);
    return {};
  }
}
