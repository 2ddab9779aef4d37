import { createWriteStream, type WriteStream } from 'node:fs';
import { draw } from '../waterfall/draw.js';
import type { Block } from '../waterfall/model.js';
import { terminalColors, terminalWidth } from '../waterfall/terminal.js';
import { sanitize } from '../waterfall/text.js';
import { CliError, EXIT } from './exit-code.js';

export const STDOUT = '-';

/** Text to a stream of the process, and whether it could be written. */
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

  /** Nobody reads any more, as after `| head -1`, or there is no room. */
  get isClosed(): boolean {
    return this.failure !== undefined;
  }

  write(text: string | Buffer): void {
    this.stream.write(text);
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  /** A line of JSON, in which nothing commands a terminal. */
  json(value: object): void {
    this.line(safeJson(value));
  }

  /**
   * A drawing, with a line of space between it and the one before.
   *
   * @param head Lines that stand above it.
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
   * @throws CliError when it could not be; a reader that has seen enough is no failure.
   */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      // The callback of a write is called with its error, before the stream emits it.
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

/** What JSON leaves as it is, and a terminal may obey. */
const UNESCAPED = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function safeJson(value: object): string {
  return JSON.stringify(value).replace(
    UNESCAPED,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One line that says what went wrong. */
export function complain(message: string): void {
  process.stderr.write(`httptrace: ${sanitize(message)}\n`);
}

/** Where the body of a response goes. */
export class BodySink {
  private readonly output: string | undefined;
  private stream: WriteStream | NodeJS.WriteStream | undefined;

  /** @param output The value of -o; nowhere without. */
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

  /** All of it is written; of an empty body, an empty file. */
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
  // What fails is told by the callback of each write.
  return output === STDOUT ? process.stdout : createWriteStream(output).on('error', () => undefined);
}

function notWritten(output: string, error: Error): CliError {
  const where = output === STDOUT ? 'stdout' : output;
  return new CliError(EXIT.notWritten, `cannot write the body to ${where}: ${error.message}`);
}
