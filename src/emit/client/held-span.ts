import { performance } from 'node:perf_hooks';
import type { Span, TimeInput } from '@opentelemetry/api';

/**
 * Keeps the span of another instrumentation open until we have written to it. The other may have subscribed before us, and
 * whatever is written after the end of a span is lost.
 *
 * Somebody else may have patched the span's `end`, or may patch it while we hold it. Both patches keep working.
 */
export class HeldSpan {
  private readonly span: Span;
  private readonly onEndWanted: () => void;
  private readonly ownBefore: PropertyDescriptor | undefined;
  private readonly endBefore: Span['end'];
  private readonly end = (at?: TimeInput): void => this.wantEnd(at);
  private held: boolean;
  private ending: { readonly at: TimeInput } | undefined;
  /** When the other ended the span, on our clock; infinite if it has not, or if it gave a time of its own. */
  endedAt = Number.POSITIVE_INFINITY;

  /** @param onEndWanted Called once when the other ends the span; never after `release`. */
  constructor(span: Span, onEndWanted: () => void) {
    this.span = span;
    this.onEndWanted = onEndWanted;
    this.ownBefore = Object.getOwnPropertyDescriptor(span, 'end');
    this.endBefore = span.end;
    // A frozen span cannot be held. What we write after its end is lost.
    this.held = Reflect.defineProperty(span, 'end', {
      configurable: true,
      enumerable: this.ownBefore?.enumerable ?? false,
      writable: true,
      value: this.end,
    });
  }

  /** Lets the span end: at once if the other has ended it, else when it does. May be called again. */
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
      // Somebody else's patch lies over ours, which stays below and passes the calls on.
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
      // A span would read the time of its end now. Its start came from the same clock.
      this.ending = { at: at ?? this.endNow() };
      this.onEndWanted();
    }
  }

  private endNow(): number {
    this.endedAt = performance.now();
    return this.endedAt;
  }
}
