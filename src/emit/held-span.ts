import type { Span, TimeInput } from '@opentelemetry/api';

/**
 * A span that another instrumentation ends, kept open until we have written to it: that one may have subscribed
 * before us, and what comes after the end of a span is lost.
 */
export class HeldSpan {
  readonly span: Span;
  private readonly onEndWanted: () => void;
  private ending: { readonly at: TimeInput | undefined } | undefined;

  /** @param onEndWanted Called when the other has ended the span, unless it was released before. */
  constructor(span: Span, onEndWanted: () => void) {
    this.span = span;
    this.onEndWanted = onEndWanted;
    span.end = (at) => this.wantEnd(at);
  }

  /** Nothing more will be written. */
  release(): void {
    const { span, ending } = this;
    // What lies beneath is the method of the span's class.
    Reflect.deleteProperty(span, 'end');
    if (ending !== undefined) {
      this.ending = undefined;
      span.end(ending.at);
    }
  }

  private wantEnd(at: TimeInput | undefined): void {
    if (this.ending === undefined) {
      this.ending = { at: at ?? new Date() };
      this.onEndWanted();
    }
  }
}
