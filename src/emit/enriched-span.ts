import { type Attributes, diag, type Span } from '@opentelemetry/api';
import type { ClientRecord } from '../recorder/client.js';
import { addOurAttributes } from './client-attributes.js';
import { ClientSpan } from './client-span.js';
import type { ClientVerdict } from './client-verdict.js';
import { awaitSpan, type SpanUser } from './existing-spans.js';
import { HeldSpan } from './held-span.js';

let warned = false;

/** Turns the record of one request into telemetry on the span that another instrumentation made for it. */
export class EnrichedSpan extends ClientSpan implements SpanUser {
  private held: HeldSpan | undefined = undefined;
  private over = false;

  /** Takes the span when it is offered, before the request or after it. */
  expect(): void {
    awaitSpan(this.start.view.request, this);
  }

  useSpan(span: Span): void {
    if (this.span === undefined && !this.over) {
      this.span = span;
      // If what ends the request never comes to us, the other's span must not wait for it.
      this.held = new HeldSpan(span, () => setImmediate(() => this.held?.release()));
    }
  }

  override finished(record: ClientRecord): void {
    this.over = true;
    this.start.counter.countExisting(this.span);
    super.finished(record);
    this.held?.release();
    if (this.span === undefined && !warned) {
      warned = true;
      diag.warn(
        "httptrace: client.span is 'existing', but no span was given for a request, so nothing was recorded; " +
          'give instrumentation.useSpan to the other instrumentation, as its requestHook',
      );
    }
  }

  /** What the other instrumentation records itself is left to it. */
  protected override addAttributes(
    attributes: Attributes,
    record: ClientRecord,
    _statusCode: number | undefined,
    verdict: ClientVerdict,
  ): void {
    addOurAttributes(attributes, record, verdict, this.start.settings);
  }

  protected override end(): void {
    this.held?.release();
  }
}
