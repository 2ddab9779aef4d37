import { sanitize } from '../../waterfall/text.js';
import type { CliOptions } from '../command/options.js';
import { Printer, STDOUT } from '../output.js';
import { type Answer, headText } from '../send/answer.js';
import type { TracedRequest } from '../spans/traced-request.js';
import { drawingOf } from './drawing.js';
import type { Outcome } from './outcome.js';
import { summaryOf } from './request-report.js';
import { type WriteOut, writeOut } from './write-out.js';

/** Reports each request in the form that was asked for. */
export class Reports {
  private readonly options: Pick<CliOptions, 'json' | 'include' | 'output'>;
  private readonly format: WriteOut | undefined;
  private readonly printer: Printer;

  /** @param format The format of -w, which replaces the drawings. */
  constructor(options: Pick<CliOptions, 'json' | 'include' | 'output'>, format?: WriteOut) {
    this.options = options;
    this.format = format;
    // A body on stdout leaves no room for a drawing there. The text of -w comes after the body, as in curl.
    const isTaken = options.output === STDOUT && format === undefined;
    this.printer = new Printer(isTaken ? process.stderr : process.stdout);
  }

  /** Whether nothing can be written any more. */
  get isClosed(): boolean {
    return this.printer.isClosed;
  }

  /** Reports one request that is over. */
  request(traced: TracedRequest): void {
    const { json, include, output } = this.options;
    const report = traced.report(include);
    if (json) {
      this.printer.json(summaryOf(report));
      return;
    }
    const head = include && output === undefined ? shownHead(traced.answer) : '';
    if (this.format !== undefined) {
      this.printer.write(head);
      return;
    }
    if (traced.isInterrupted && this.printer.stream.isTTY) {
      // The terminal has shown `^C` in this line.
      this.printer.write('\n');
    }
    this.printer.drawing(drawingOf(report), head);
  }

  /** Reports one request together with those that it was redirected to. */
  round(outcome: Outcome): void {
    if (this.format !== undefined) {
      writeOut(this.format, outcome, this.printer);
    }
  }

  /** Prints a line of text below the drawings. It is left out with JSON. */
  line(text: string): void {
    const isAmongDrawings = !this.options.json && this.format === undefined;
    (isAmongDrawings ? this.printer.stream : process.stderr).write(`${text}\n`);
  }

  /** @throws CliError if the report could not be written. */
  async end(): Promise<void> {
    await this.printer.end();
  }
}

function shownHead(answer: Answer | undefined): string {
  return answer === undefined ? '' : headText(answer).split('\r\n').map(sanitize).join('\n');
}
