import { ClientTelemetry } from '../../emit/client/telemetry.js';
import { ServerTelemetry } from '../../emit/server/telemetry.js';
import type { ClientRecord } from '../../recorder/client.js';
import { lastPhase } from '../../recorder/phases.js';
import { type Onlooker, registry } from '../../registry.js';
import { ATTR_HTTPTRACE_CANCELLED_PHASE } from '../../semconv/semconv.js';
import { type RecordedSpan, RecordingTracer, type SpanListener } from '../spans/recorded-span.js';
import { spanConfig, spanOutputs } from '../spans/settings.js';

/** Told of each request of this process. */
export interface RequestListener {
  began(span: RecordedSpan): void;
  /** @param isUnfinished Whether it ends because its process does. */
  ended(span: RecordedSpan, isUnfinished: boolean): void;
}

/** Looks on at the requests of this process, whatever records them, and changes nothing about them. */
export class Watcher implements SpanListener {
  private readonly listener: RequestListener;
  private readonly open = new Map<RecordedSpan, ClientRecord | undefined>();
  private latest: RecordedSpan | undefined;
  private isEnding = false;

  constructor(listener: RequestListener) {
    this.listener = listener;
  }

  /** @param servers Whether the requests that this process serves are of interest as well. */
  start(servers: boolean): void {
    const outputs = spanOutputs(new RecordingTracer(this));
    const config = spanConfig(false);
    const onlooker: Onlooker = {
      clients: new WatchedClients(config, outputs, (record) => this.recorded(record)),
      servers: servers ? new ServerTelemetry(config, outputs) : undefined,
    };
    registry().lookOn(onlooker);
  }

  began(span: RecordedSpan): void {
    this.latest = span;
    this.open.set(span, undefined);
    this.listener.began(span);
  }

  ended(span: RecordedSpan): void {
    this.open.delete(span);
    this.listener.ended(span, this.isEnding);
  }

  /** The process ends: what is under way is told as far as it got. */
  end(): void {
    this.isEnding = true;
    for (const [span, record] of this.open) {
      if (record !== undefined) {
        span.attributes[ATTR_HTTPTRACE_CANCELLED_PHASE] = lastPhase(record);
        record.failed(processEnded());
      }
    }
  }

  private recorded(record: ClientRecord): void {
    if (this.latest !== undefined && this.open.has(this.latest)) {
      this.open.set(this.latest, record);
    }
  }
}

class WatchedClients extends ClientTelemetry {
  private readonly onRecord: (record: ClientRecord) => void;

  constructor(
    config: ConstructorParameters<typeof ClientTelemetry>[0],
    outputs: ConstructorParameters<typeof ClientTelemetry>[1],
    onRecord: (record: ClientRecord) => void,
  ) {
    super(config, outputs);
    this.onRecord = onRecord;
  }

  override begin(...about: Parameters<ClientTelemetry['begin']>): ClientRecord | undefined {
    const record = super.begin(...about);
    if (record !== undefined) {
      this.onRecord(record);
    }
    return record;
  }
}

/** By its name no failure: the phase that it was in is told as one that was given up. */
function processEnded(): Error {
  const error = new Error('the process ended');
  error.name = 'AbortError';
  return error;
}
