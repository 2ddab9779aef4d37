import type { Meter, Tracer } from '@opentelemetry/api';
import type { ResolvedConfig } from '../config/resolved.js';
import { registry } from '../registry.js';
import type { UndiciCopy } from '../source/undici/copies.js';
import { VERSION } from '../version.js';
import { channelStatuses } from './channels.js';
import { hintsOf } from './hints.js';
import { loadedVersions, ownApiVersion, packageOf, registeredApiVersion } from './packages.js';
import { hasContextManager, hasPropagator, isLive, isMeasuring } from './providers.js';
import type { HttpTraceStatus, OpenTelemetryStatus, SourceStatus, UndiciStatus } from './report.js';
import type { Counters, RequestCounts } from './request-counter.js';

/** The instance whose status is asked for. */
export interface Subject {
  readonly enabled: boolean;
  readonly config: ResolvedConfig;
  readonly counters: Counters;
  readonly tracer: Tracer;
  readonly meter: Meter;
}

export function statusOf(subject: Subject): HttpTraceStatus {
  const { enabled, config, counters } = subject;
  const { client, server } = config;
  const shared = registry();
  const status = {
    version: VERSION,
    copies: [...shared.copies].map(({ version }) => version),
    node: process.versions.node,
    enabled,
    sources: {
      'node:http': sourceStatus(enabled && client.enabled, counters['node:http']),
      'node:http2': sourceStatus(enabled && client.enabled, counters['node:http2']),
      undici: sourceStatus(enabled && client.enabled, counters.undici),
      servers: sourceStatus(enabled && server.enabled, counters.servers),
    },
    channels: channelStatuses(shared.channels),
    undici: shared.undiciCopies.map(undiciStatus),
    openTelemetry: openTelemetryStatus(subject),
  };
  return { hints: hintsOf(status), ...status };
}

function sourceStatus(enabled: boolean, { ...requests }: RequestCounts): SourceStatus {
  return { enabled, requests };
}

function undiciStatus({ file, isSeen }: UndiciCopy): UndiciStatus {
  const found = file === undefined ? undefined : packageOf(file);
  return {
    name: found === undefined ? 'undici (in Node or a bundle)' : `${found.name} ${found.version}`,
    callersSeen: isSeen,
  };
}

function openTelemetryStatus({ tracer, meter }: Subject): OpenTelemetryStatus {
  const apiVersion = ownApiVersion();
  const registered = registeredApiVersion();
  return {
    ...(apiVersion !== undefined && { apiVersion }),
    ...(registered !== undefined && { registeredApiVersion: registered }),
    loadedApis: loadedVersions('@opentelemetry/api'),
    tracerProvider: isLive(tracer),
    meterProvider: isMeasuring(meter),
    propagator: hasPropagator(),
    contextManager: hasContextManager(),
  };
}
