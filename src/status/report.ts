import type { ChannelStatus } from './channels.js';
import type { RequestCounts, SourceName } from './request-counter.js';

/** Status of one kind of client, or of all servers. */
export interface SourceStatus {
  /** Whether this instance records requests of this source. */
  readonly enabled: boolean;
  /** What became of the requests of this source while this instance was enabled. */
  readonly requests: RequestCounts;
}

/** Which parts of OpenTelemetry are there to record with. */
export interface OpenTelemetryStatus {
  /** Version of `@opentelemetry/api` that this package uses; absent in a bundle. */
  readonly apiVersion?: string;
  /** Version of `@opentelemetry/api` with which the SDK is registered; absent if nothing is registered. */
  readonly registeredApiVersion?: string;
  /** Versions of all copies of `@opentelemetry/api` that are loaded, as far as they show. */
  readonly loadedApis: readonly string[];
  /** Whether a TracerProvider is registered or was given to this instance. Without one no span is made. */
  readonly tracerProvider: boolean;
  /** Whether this instance has a MeterProvider. Without one no metric is recorded. */
  readonly meterProvider: boolean;
  /** Whether a propagator is registered. Without one requests carry no trace headers. */
  readonly propagator: boolean;
  /** Whether a context manager is registered. Without one spans have no parents. */
  readonly contextManager: boolean;
}

/** A copy of undici that is loaded. */
export interface UndiciStatus {
  /** Such as `undici 8.12.4`; `undici (in Node or a bundle)` for a copy without a package. */
  readonly name: string;
  /** Whether its callers are seen. If so, a request that has to wait begins with its call. */
  readonly callersSeen: boolean;
}

/** Why requests are recorded, or why not. For people and logs. Any release may add fields. */
export interface HttpTraceStatus {
  /** Sentences that say what to do about what is missing or lost, also about what was left out on purpose. */
  readonly hints: readonly string[];
  /** Version of this package. */
  readonly version: string;
  /** Versions of the copies of this package that were enabled in this process. Each request is still recorded once. */
  readonly copies: readonly string[];
  /** Version of Node. */
  readonly node: string;
  /** Whether this instance is enabled. */
  readonly enabled: boolean;
  /** The status by source of requests. Requests of `fetch` come from undici. */
  readonly sources: Readonly<Record<SourceName, SourceStatus>>;
  /** The diagnostics channels by name. All instances share them. */
  readonly channels: Readonly<Record<string, ChannelStatus>>;
  /** The loaded copies of undici, as far as they show. The first `fetch` loads the copy in Node. */
  readonly undici: readonly UndiciStatus[];
  readonly openTelemetry: OpenTelemetryStatus;
}
