import { type Context, INVALID_SPAN_CONTEXT, INVALID_SPANID, type Span } from '@opentelemetry/api';
import { trace } from '../api.js';
import { suspectNoProvider } from './no-provider.js';

/** What became of the requests of one source. Each request is counted once. */
export interface RequestCounts {
  /** Recorded on a span: our own, or that of another instrumentation with `span: 'existing'`. */
  readonly recorded: number;
  /** Made with tracing suppressed, as an exporter's own are. */
  readonly suppressed: number;
  /** Left out by `ignoreUrls`, `ignorePaths`, `ignoreHosts` or `ignoreRequestHook`. */
  readonly ignored: number;
  /** Left out by `requireParentforSpans`. */
  readonly withoutParent: number;
  /** Left out by the SDK's sampler. */
  readonly notSampled: number;
  /** Not recorded, because no TracerProvider was registered. */
  readonly withoutProvider: number;
  /** Not recorded, because no other instrumentation gave its span, as `span: 'existing'` needs. */
  readonly withoutSpan: number;
  /** Recorded by an instance that was enabled before. */
  readonly byAnotherInstance: number;
}

/** The span of a request that has no parent, where the config requires one. */
export const PARENTLESS = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

export class RequestCounter implements RequestCounts {
  recorded = 0;
  suppressed = 0;
  ignored = 0;
  withoutParent = 0;
  notSampled = 0;
  withoutProvider = 0;
  withoutSpan = 0;
  byAnotherInstance = 0;

  /**
   * Counts a request by the span that was made for it.
   *
   * @param parent What the span was to be a child of.
   * @returns Whether the span is recorded.
   */
  countCreated(span: Span, parent: Context): boolean {
    const isRecorded = span.isRecording();
    if (isRecorded) {
      this.recorded++;
    } else {
      this.countUnrecorded(span, parent);
    }
    return isRecorded;
  }

  /** Counts a request whose span is not recorded, by the reason. */
  countUnrecorded(span: Span, parent: Context): void {
    if (span === PARENTLESS) {
      this.withoutParent++;
    } else if (isOfSdk(span, parent)) {
      this.notSampled++;
    } else {
      this.withoutProvider++;
      suspectNoProvider();
    }
  }

  /** Counts a request by the span that another instrumentation gave. Called before that span ends. */
  countExisting(span: Span | undefined): void {
    if (span === undefined) {
      this.withoutSpan++;
    } else if (span.isRecording()) {
      this.recorded++;
    } else {
      this.notSampled++;
    }
  }
}

/** Whether an SDK made the span. An SDK gives each span an id of its own. The API without an SDK reuses the parent's. */
function isOfSdk(span: Span, parent: Context): boolean {
  const { spanId } = span.spanContext();
  return spanId !== INVALID_SPANID && spanId !== trace.getSpanContext(parent)?.spanId;
}

/** A source of requests, as `status()` names it. */
export type SourceName = 'node:http' | 'node:http2' | 'undici' | 'servers';

export type Counters = Readonly<Record<SourceName, RequestCounter>>;

export function newCounters(): Counters {
  return {
    'node:http': new RequestCounter(),
    'node:http2': new RequestCounter(),
    undici: new RequestCounter(),
    servers: new RequestCounter(),
  };
}
