import { reportError, reportWarning } from '../diagnostics.js';
import { draw } from './draw.js';
import { PendingTraces } from './pending-traces.js';
import type { ExportResult, ReadableSpan } from './readable-span.js';
import { type GatheredTrace, waterfallOf } from './span-tree.js';
import { type TerminalStream, terminalColors, terminalWidth } from './terminal.js';

/** How and where `WaterfallSpanExporter` draws. */
export interface WaterfallOptions {
  /** Where to draw. Default: `process.stdout`. */
  stream?: NodeJS.WritableStream & TerminalStream;
  /** Columns. No line is wider. Default: `COLUMNS`, else the terminal's width, else 100. Read again for each trace. */
  width?: number;
  /** Whether to colour. Default: as `FORCE_COLOR` and `NO_COLOR` say, else if the stream is a terminal with colours. */
  colors?: boolean;
}

/**
 * Draws each finished trace in the terminal. Client and server spans are one tree, with a bar to scale for each span and a
 * line for each phase of a client span.
 *
 * It is a `SpanExporter` of OpenTelemetry's SDK 2.x and 3.x, meant for development, alone or beside a real one.
 * A trace is drawn when no parent of its spans is missing and no span came for 50 ms. A trace that began in another process
 * is drawn after a quarter of a second. A trace whose root does not end is drawn half a minute after its last span, or
 * sooner if more than 10,000 spans are held. `forceFlush`, `shutdown` and the end of the process draw what is left. Spans
 * that end after their trace was drawn are drawn as a further piece of it.
 */
export class WaterfallSpanExporter {
  private readonly stream: NodeJS.WritableStream & TerminalStream;
  private readonly options: WaterfallOptions;
  private readonly pending = new PendingTraces((trace) => this.draw(trace));
  private readonly drawRest = (): void => this.pending.flush();
  private isShutDown = false;

  constructor(options: WaterfallOptions = {}) {
    this.options = options;
    this.stream = options.stream ?? process.stdout;
  }

  /** Takes ended spans. Called by a span processor. */
  export(spans: readonly ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    if (this.isShutDown) {
      resultCallback({ code: 1, error: new Error('WaterfallSpanExporter is shut down') });
      return;
    }
    if (this.pending.isEmpty && spans.length > 0) {
      process.removeListener('exit', this.drawRest).once('exit', this.drawRest);
    }
    try {
      for (const span of spans) {
        this.pending.add(span);
      }
      resultCallback({ code: 0 });
    } catch (error) {
      resultCallback({ code: 1, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  /** Draws the traces that are not finished yet. */
  async forceFlush(): Promise<void> {
    this.pending.flush();
  }

  /** Draws what is left. No span is taken afterwards. */
  async shutdown(): Promise<void> {
    this.isShutDown = true;
    this.pending.flush();
  }

  private draw(trace: GatheredTrace): void {
    if (this.pending.isEmpty) {
      process.removeListener('exit', this.drawRest);
    }
    try {
      const { width, colors } = this.options;
      const lines = draw(waterfallOf(trace), {
        width: width ?? terminalWidth(this.stream),
        colors: colors ?? terminalColors(this.stream),
      });
      this.write(`${lines.join('\n')}\n\n`);
    } catch (error) {
      reportError('httptrace: a trace could not be drawn', error);
    }
  }

  /** A stream that fails, such as a pipe without a reader, must not end the program. `console` does the same. */
  private write(text: string): void {
    this.stream.write(text, (error) => {
      if (error) {
        reportWarning('httptrace: a trace could not be written', error);
        // The stream emits the error after this callback.
        this.stream.once('error', ignore);
        setImmediate(() => this.stream.removeListener('error', ignore)).unref();
      }
    });
  }
}

function ignore(): void {
  // The callback of the write got the same error.
}
