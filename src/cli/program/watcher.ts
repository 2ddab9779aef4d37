import { ClientTelemetry } from '../../emit/client/telemetry.js';
import { ServerTelemetry } from '../../emit/server/telemetry.js';
import { joinTraces } from '../../live-trace.js';
import type { ClientRecord } from '../../recorder/client.js';
import { type ClientRecorders, type Onlooker, type RecordedTrace, registry } from '../../registry.js';
import { type RecordedSpan, RecordingTracer, type SpanListener } from '../spans/recorded-span.js';
import { drawnConfig, spanOutputs } from '../spans/settings.js';
import { type Step, tellingSteps } from './steps.js';

/** Told of each request of this process. */
export interface RequestListener {
  began(span: RecordedSpan): void;
  stepped(span: RecordedSpan, step: Step): void;
  ended(span: RecordedSpan): void;
}

/** Watches the requests of this process, even if nothing records them, and changes nothing about them. */
export class Watcher implements SpanListener {
  private readonly listener: RequestListener;
  /** The request that began last. */
  private latest: RecordedSpan | undefined;

  constructor(listener: RequestListener) {
    this.listener = listener;
  }

  /** @param servers Whether to watch the requests that this process serves as well. */
  start(servers: boolean): void {
    const outputs = spanOutputs(new RecordingTracer(this));
    const config = drawnConfig();
    const onlooker: Onlooker = {
      clients: new WatchedClients(new ClientTelemetry(config, outputs), (record) => this.watched(record)),
      servers: servers ? new ServerTelemetry(config, outputs) : undefined,
    };
    registry().lookOn(onlooker);
  }

  began(span: RecordedSpan): void {
    this.latest = span;
    this.listener.began(span);
  }

  ended(span: RecordedSpan): void {
    this.listener.ended(span);
  }

  /** The record of the request whose span has just begun. */
  private watched(record: ClientRecord): RecordedTrace {
    const span = this.latest;
    if (span === undefined) {
      return record;
    }
    const steps = tellingSteps((step) => this.listener.stepped(span, step));
    return { ...joinTraces(record, steps), context: record.context };
  }
}

/** Recorders whose requests are watched. */
class WatchedClients implements ClientRecorders {
  readonly counters: ClientRecorders['counters'];
  readonly grpc: boolean;
  private readonly telemetry: ClientTelemetry;
  private readonly watch: (record: ClientRecord) => RecordedTrace;

  constructor(telemetry: ClientTelemetry, watch: (record: ClientRecord) => RecordedTrace) {
    this.counters = telemetry.counters;
    this.grpc = telemetry.grpc;
    this.telemetry = telemetry;
    this.watch = watch;
  }

  undici(...about: Parameters<ClientRecorders['undici']>): RecordedTrace | undefined {
    return this.watched(this.telemetry.undici(...about));
  }

  node(...about: Parameters<ClientRecorders['node']>): RecordedTrace | undefined {
    return this.watched(this.telemetry.node(...about));
  }

  http2(...about: Parameters<ClientRecorders['http2']>): RecordedTrace | undefined {
    return this.watched(this.telemetry.http2(...about));
  }

  private watched(record: ClientRecord | undefined): RecordedTrace | undefined {
    return record === undefined ? undefined : this.watch(record);
  }
}
