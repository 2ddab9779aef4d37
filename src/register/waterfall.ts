import { TraceFlags } from '@opentelemetry/api';
import { WaterfallSpanExporter } from '../waterfall/exporter.js';
import type { ReadableSpan, SpanContext } from '../waterfall/readable-span.js';

interface EndedSpan extends ReadableSpan {
  readonly spanContext: () => SpanContext & { readonly traceFlags: number };
  readonly resource: ReadableSpan['resource'] & {
    readonly asyncAttributesPending?: boolean;
    readonly waitForAsyncAttributes?: () => Promise<void>;
  };
}

/** A `SpanProcessor` of OpenTelemetry's SDK 2.x and 3.x that draws each trace on stdout. */
export class WaterfallSpanProcessor {
  private readonly exporter = new WaterfallSpanExporter();
  private readonly undetected = new Set<Promise<void>>();

  onStart(): void {
    // Only ended spans are drawn.
  }

  onEnd(span: EndedSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) {
      return;
    }
    const detected = span.resource.asyncAttributesPending
      ? span.resource.waitForAsyncAttributes?.()
      : undefined;
    if (detected === undefined) {
      this.draw(span);
    } else {
      const draw = (): void => {
        this.undetected.delete(drawn);
        this.draw(span);
      };
      const drawn = detected.then(draw, draw);
      this.undetected.add(drawn);
    }
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.undetected);
    await this.exporter.forceFlush();
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.undetected);
    await this.exporter.shutdown();
  }

  private draw(span: EndedSpan): void {
    this.exporter.export([span], () => undefined);
  }
}
