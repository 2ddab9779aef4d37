import { performance } from 'node:perf_hooks';
import type { Span, TimeInput } from '@opentelemetry/api';

/**
 * A span that another instrumentation ends, kept open until we have written to it: that one may have subscribed
 * before us, and what comes after the end of a span is lost.
 *
 * Somebody else may have laid something over its `end`, and may do so while we hold it: both keep working.
 */
export class HeldSpan {
  private readonly span: Span;
  private readonly onEndWanted: () => void;
  private readonly ownBefore: PropertyDescriptor | undefined;
  private readonly endBefore: Span['end'];
  private readonly end = (at?: TimeInput): void => this.wantEnd(at);
  private held: boolean;
  private ending: { readonly at: TimeInput } | undefined;
  /** When the other ended it, on our clock; infinite if it has not, or has said itself when that was. */
  endedAt = Number.POSITIVE_INFINITY;

  /** @param onEndWanted Called when the other has ended the span, unless it was released before. */
  constructor(span: Span, onEndWanted: () => void) {
    this.span = span;
    this.onEndWanted = onEndWanted;
    this.ownBefore = Object.getOwnPropertyDescriptor(span, 'end');
    this.endBefore = span.end;
    // One that is frozen cannot be held: then we are in time, or we are not.
    this.held = Reflect.defineProperty(span, 'end', {
      configurable: true,
      enumerable: this.ownBefore?.enumerable ?? false,
      writable: true,
      value: this.end,
    });
  }

  /** Nothing more will be written. */
  release(): void {
    if (!this.held) {
      return;
    }
    this.held = false;
    this.uncover();
    if (this.ending !== undefined) {
      this.endBefore.call(this.span, this.ending.at);
    }
  }

  private uncover(): void {
    const { span, ownBefore } = this;
    if (Object.getOwnPropertyDescriptor(span, 'end')?.value !== this.end) {
      // Under somebody else's, ours stays and only passes on.
      return;
    }
    if (ownBefore === undefined) {
      Reflect.deleteProperty(span, 'end');
    } else {
      Object.defineProperty(span, 'end', ownBefore);
    }
  }

  private wantEnd(at: TimeInput | undefined): void {
    if (!this.held) {
      this.endBefore.call(this.span, at);
    } else if (this.ending === undefined) {
      // As a span takes the time by itself: its start and end are told by one clock.
      this.ending = { at: at ?? this.endNow() };
      this.onEndWanted();
    }
  }

  private endNow(): number {
    this.endedAt = performance.now();
    return this.endedAt;
  }
}
