import { createWriteStream, type WriteStream } from 'node:fs';
import { draw } from '../waterfall/draw.js';
import type { Block } from '../waterfall/model.js';
import { terminalColors, terminalWidth } from '../waterfall/terminal.js';
import { sanitize } from '../waterfall/text.js';
import { CliError, EXIT } from './exit-code.js';

export const STDOUT = '-';

/** Writes text to a stream of the process, and knows whether that worked. */
export class Printer {
  readonly stream: NodeJS.WriteStream;
  private drawn = 0;
  private failure: Error | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
    stream.on('error', (error) => {
      this.failure ??= error;
    });
  }

  /** Whether nothing can be written any more: nobody reads, as after `| head -1`, or there is no room. */
  get isClosed(): boolean {
    return this.failure !== undefined;
  }

  write(text: string | Buffer): void {
    this.stream.write(text);
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  /** Prints a line of JSON, in which nothing commands a terminal. */
  json(value: object): void {
    this.line(safeJson(value));
  }

  /**
   * Prints a drawing, with an empty line between it and the one before.
   *
   * @param head Lines above the drawing.
   */
  drawing(block: Block, head = ''): void {
    const lines = draw(
      { blocks: [block], omitted: 0 },
      { width: terminalWidth(this.stream), colors: terminalColors(this.stream) },
    );
    this.line(`${this.drawn > 0 ? '\n' : ''}${head}${lines.join('\n')}`);
    this.drawn += 1;
  }

  /**
   * Waits until everything is written.
   *
   * @throws CliError if it could not be written. A reader that has seen enough is no failure.
   */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      // The callback of a write gets the error before the stream emits it.
      this.stream.write('', (error) => {
        this.failure ??= error ?? undefined;
        resolve();
      });
    });
    const { failure } = this;
    if (failure !== undefined && (failure as NodeJS.ErrnoException).code !== 'EPIPE') {
      throw new CliError(EXIT.notWritten, `cannot write the report: ${failure.message}`);
    }
  }
}

/** Characters that JSON does not escape and a terminal may obey. */
const UNESCAPED = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function safeJson(value: object): string {
  return JSON.stringify(value).replace(
    UNESCAPED,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Prints one line on stderr that says what went wrong. */
export function complain(message: string): void {
  process.stderr.write(`httptrace: ${sanitize(message)}\n`);
}

/** Writes the body of a response. */
export class BodySink {
  private readonly output: string | undefined;
  private stream: WriteStream | NodeJS.WriteStream | undefined;

  /** @param output The value of -o. Without one the body is dropped. */
  constructor(output: string | undefined) {
    this.output = output;
  }

  async write(chunk: Buffer): Promise<void> {
    const { output } = this;
    if (output !== undefined) {
      this.stream ??= open(output);
      const { stream } = this;
      await new Promise<void>((resolve, reject) => {
        stream.write(chunk, (error) => (error ? reject(notWritten(output, error)) : resolve()));
      });
    }
  }

  /** Waits until the whole body is written. An empty body makes an empty file. */
  async close(): Promise<void> {
    const { output } = this;
    if (output !== undefined && output !== STDOUT) {
      const stream = this.stream ?? open(output);
      await new Promise<void>((resolve, reject) => {
        stream.once('error', (error) => reject(notWritten(output, error)));
        stream.end(resolve);
      });
    }
  }
}

function open(output: string): WriteStream | NodeJS.WriteStream {
  // The callback of each write gets the error.
  return output === STDOUT ? process.stdout : createWriteStream(output).on('error', () => undefined);
}

function notWritten(output: string, error: Error): CliError {
  const where = output === STDOUT ? 'stdout' : output;
  return new CliError(EXIT.notWritten, `cannot write the body to ${where}: ${error.message}`);
}
