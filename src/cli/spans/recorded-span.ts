import type {
  Attributes,
  AttributeValue,
  HrTime,
  Link,
  Span,
  SpanContext,
  SpanOptions,
  SpanStatus,
  TimeInput,
  Tracer,
} from '@opentelemetry/api';
import { INVALID_SPAN_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { AttributeBag, ReadableSpan, TimedEvent } from '../../waterfall/readable-span.js';

/** Told of each span. */
export interface SpanListener {
  began?(span: RecordedSpan): void;
  ended(span: RecordedSpan): void;
}

/** A span of the package that is kept to be drawn. Needs no SDK. */
export class RecordedSpan implements Span, ReadableSpan {
  readonly name: string;
  readonly kind: number;
  readonly startTime: HrTime;
  endTime: HrTime = [0, 0];
  readonly attributes: Record<string, AttributeValue | undefined> = {};
  readonly events: TimedEvent[] = [];
  readonly links: Link[] = [];
  readonly resource: { readonly attributes: AttributeBag } = { attributes: {} };
  status: SpanStatus = { code: SpanStatusCode.UNSET };
  private ended = false;
  private readonly listener: SpanListener;

  constructor(name: string, options: SpanOptions, listener: SpanListener) {
    this.name = name;
    this.kind = options.kind ?? SpanKind.INTERNAL;
    this.startTime = hrTime(options.startTime);
    Object.assign(this.attributes, options.attributes);
    this.listener = listener;
  }

  spanContext(): SpanContext {
    return INVALID_SPAN_CONTEXT;
  }

  setAttribute(key: string, value: AttributeValue): this {
    return this.setAttributes({ [key]: value });
  }

  setAttributes(attributes: Attributes): this {
    Object.assign(this.attributes, attributes);
    return this;
  }

  addEvent(name: string, attributes?: Attributes | TimeInput, time?: TimeInput): this {
    this.events.push({ name, time: hrTime(time), ...(isBag(attributes) && { attributes }) });
    return this;
  }

  addLink(link: Link): this {
    return this.addLinks([link]);
  }

  addLinks(links: Link[]): this {
    this.links.push(...links);
    return this;
  }

  setStatus(status: SpanStatus): this {
    this.status = status;
    return this;
  }

  /** The package does not call this. */
  updateName(): this {
    return this;
  }

  recordException(): void {
    // The package does not call this.
  }

  isRecording(): boolean {
    return !this.ended;
  }

  end(time?: TimeInput): void {
    if (!this.ended) {
      this.ended = true;
      this.endTime = hrTime(time);
      this.listener.ended(this);
    }
  }
}

/** Makes spans that are kept. */
export class RecordingTracer implements Tracer {
  private readonly listener: SpanListener;

  constructor(listener: SpanListener) {
    this.listener = listener;
  }

  startSpan(name: string, options: SpanOptions = {}): RecordedSpan {
    const span = new RecordedSpan(name, options, this.listener);
    this.listener.began?.(span);
    return span;
  }

  /** The package does not call this. */
  startActiveSpan(): never {
    throw new Error('a request is no function to be called');
  }
}

function isBag(value: Attributes | TimeInput | undefined): value is Attributes {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

/** A time as seconds and nanoseconds, which is how the package gives each one. */
function hrTime(time: TimeInput | undefined): HrTime {
  return Array.isArray(time) ? time : [0, 0];
}
