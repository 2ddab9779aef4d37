import { performance } from 'node:perf_hooks';
import type { Attributes, HrTime, Span, TimeInput } from '@opentelemetry/api';
import { now } from '../../clock.js';
import type { ClientRecord } from '../../recorder/client.js';
import type { FinishedDial } from '../../recorder/client-facts.js';
import { awaitSpan, noteGivenSpan, type SpanUser, warnOfMissingSpan } from '../existing-spans.js';
import { addOurAttributes } from './attributes.js';
import { HeldSpan } from './held-span.js';
import type { ClientVerdict } from './outcome.js';
import { ClientSpan } from './span.js';

/** Turns the record of one request into telemetry on the span that another instrumentation made for the request. */
export class EnrichedSpan extends ClientSpan implements SpanUser {
  private held: HeldSpan | undefined = undefined;
  private over = false;
  /** When the span was given, if the request had begun before; `-Infinity` otherwise. */
  private givenAt = Number.NEGATIVE_INFINITY;
  private begun = false;

  /** Takes the span when the other instrumentation offers it, which may be before this call. */
  expect(): void {
    const { view } = this.start;
    if (view.isMade) {
      awaitSpan(view.request, this);
    }
    this.begun = true;
  }

  override requestMade(): void {
    awaitSpan(this.start.view.request, this);
  }

  /** Keeps all that we tell between the start and the end of the other's span. */
  override timeAt(at: number): number {
    return Math.min(Math.max(at, this.givenAt), this.held?.endedAt ?? at);
  }

  /**
   * A span of the SDK starts at a whole millisecond of the wall clock, and keeps the offset from `performance.now()`. The
   * spans below it are given times with the same offset.
   */
  override timeBelowAt(at: number): TimeInput {
    const time = this.timeAt(at);
    const offset: unknown = this.span && Reflect.get(this.span, '_performanceOffset');
    return typeof offset === 'number' ? sdkTime(time + offset) : time;
  }

  useSpan(span: Span): void {
    noteGivenSpan('client');
    if (this.span === undefined && !this.over) {
      this.span = span;
      if (this.begun) {
        this.givenAt = now();
      }
      if (span.isRecording()) {
        // The end of the request may never reach us. The other's span must not wait for that.
        this.held = new HeldSpan(span, () => setImmediate(() => this.held?.release()));
      }
    }
  }

  /** A request whose span is not recorded gets no spans of its dial. */
  override dialDone(dial: FinishedDial): void {
    if (this.held !== undefined) {
      super.dialDone(dial);
    }
  }

  override finished(record: ClientRecord): void {
    this.over = true;
    this.start.counter.countExisting(this.span);
    super.finished(record);
    this.held?.release();
    if (this.span === undefined) {
      warnOfMissingSpan('client');
    }
  }

  /** The other instrumentation records the shared attributes itself. */
  protected override addAttributes(
    attributes: Attributes,
    record: ClientRecord,
    verdict: ClientVerdict,
  ): void {
    addOurAttributes(attributes, record, verdict, this.start.settings);
  }

  protected override end(): void {
    this.held?.release();
  }
}

/** Rounds a time of `performance.now()` to the nanosecond exactly as the SDK does. */
function sdkTime(ms: number): HrTime {
  const origin = performance.timeOrigin;
  const seconds = Math.trunc(origin / 1000) + Math.trunc(ms / 1000);
  const nanoseconds = Math.round((origin % 1000) * 1e6) + Math.round((ms % 1000) * 1e6);
  return nanoseconds >= 1e9 ? [seconds + 1, nanoseconds - 1e9] : [seconds, nanoseconds];
}
