import type { ChannelStatus } from './channels.js';
import type { RequestCounts, SourceName } from './request-counter.js';

/** One kind of client, or all servers. */
export interface SourceStatus {
  /** Whether this instance records what comes from it. */
  readonly enabled: boolean;
  /** What became of the requests that came from it while this instance was enabled. */
  readonly requests: RequestCounts;
}

/** What of OpenTelemetry is there to record with. */
export interface OpenTelemetryStatus {
  /** Version of `@opentelemetry/api` that this package uses; absent in a bundle. */
  readonly apiVersion?: string;
  /** Version of `@opentelemetry/api` that the SDK is registered with; absent if nothing is registered. */
  readonly registeredApiVersion?: string;
  /** Versions of all copies of `@opentelemetry/api` that are loaded, as far as they show. */
  readonly loadedApis: readonly string[];
  /** Whether spans become something: a TracerProvider is registered, or was given to this instance. */
  readonly tracerProvider: boolean;
  /** Whether measurements become something: this instance was given a MeterProvider. */
  readonly meterProvider: boolean;
  /** Whether requests are given trace headers. */
  readonly propagator: boolean;
  /** Whether a context reaches what runs in it, so that spans have parents. */
  readonly contextManager: boolean;
}

/** A copy of undici that is loaded. */
export interface UndiciStatus {
  /** Such as `undici 8.12.4`; `undici (in Node or a bundle)` for one that shows no package. */
  readonly name: string;
  /** Whether it is seen who calls, so that a request which has to wait begins where it was called. */
  readonly callersSeen: boolean;
}

/** Why there is something to see, or nothing. For people and logs: fields may be added in any release. */
export interface HttpTraceStatus {
  /** What to do about what is missing or lost, in sentences; also where it was left out on purpose. */
  readonly hints: readonly string[];
  /** Of this package. */
  readonly version: string;
  /** Versions of the copies of this package that were enabled in this process; requests are recorded once all the same. */
  readonly copies: readonly string[];
  /** Of Node. */
  readonly node: string;
  /** Whether this instance is enabled. */
  readonly enabled: boolean;
  /** By where requests come from: what `fetch` makes comes from undici. */
  readonly sources: Readonly<Record<SourceName, SourceStatus>>;
  /** Each diagnostics channel, by its name. They are shared by all instances. */
  readonly channels: Readonly<Record<string, ChannelStatus>>;
  /** Each copy of undici that is loaded, as far as it shows; `fetch` loads the one in Node. */
  readonly undici: readonly UndiciStatus[];
  readonly openTelemetry: OpenTelemetryStatus;
}
