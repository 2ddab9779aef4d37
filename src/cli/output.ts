import { createWriteStream, type WriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { draw } from '../waterfall/draw.js';
import type { Note } from '../waterfall/model.js';
import { requestBlock } from '../waterfall/request-block.js';
import { terminalColors, terminalWidth } from '../waterfall/terminal.js';
import { sanitize } from '../waterfall/text.js';
import { CliError, EXIT } from './exit-code.js';
import type { RequestRecorder } from './recorder.js';

const STDOUT = '-';

/** Where reports go, in the form that was asked for. */
export class Reports {
  private readonly json: boolean;
  private readonly stream: NodeJS.WriteStream;
  private drawn = 0;
  /** Nobody reads any more, as after `| head -1`. */
  isClosed = false;

  /** @param output The value of -o: what is written to stdout then leaves no room for a report there. */
  constructor(json: boolean, output: string | undefined) {
    this.json = json;
    this.stream = output === STDOUT ? process.stderr : process.stdout;
    this.stream.on('error', () => {
      this.isClosed = true;
    });
  }

  /** One request, when it is over. */
  request(recorder: RequestRecorder, redirectedTo?: string): void {
    if (this.json) {
      this.stream.write(`${safeJson(recorder)}\n`);
      return;
    }
    const notes: Note[] = redirectedTo === undefined ? [] : [{ text: `→ ${redirectedTo}`, tone: 'neutral' }];
    const lines = draw(
      { blocks: [requestBlock(recorder.facts(), [], notes)], omitted: 0 },
      { width: terminalWidth(this.stream), colors: terminalColors(this.stream) },
    );
    this.stream.write(`${this.drawn > 0 ? '\n' : ''}${lines.join('\n')}\n`);
    this.drawn += 1;
  }

  /** A line of text below the drawings; JSON stays among itself. */
  line(text: string): void {
    const stream = this.json ? process.stderr : this.stream;
    stream.write(`${text}\n`);
  }
}

/** What JSON leaves as it is, and a terminal may obey. */
const UNESCAPED = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function safeJson(value: object): string {
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
    if (this.output !== undefined) {
      this.stream ??= this.open(this.output);
      await writeTo(this.stream, chunk, this.output);
    }
  }

  /** All of it is written; of an empty body, an empty file. */
  async close(): Promise<void> {
    const { output } = this;
    if (output !== undefined && output !== STDOUT) {
      const stream = this.stream ?? this.open(output);
      await new Promise<void>((resolve, reject) => {
        stream.once('error', (error) => reject(notWritten(output, error)));
        stream.end(resolve);
      });
    }
  }

  private open(output: string): WriteStream | NodeJS.WriteStream {
    if (output === STDOUT) {
      return process.stdout;
    }
    const stream = createWriteStream(output);
    // Told by the callback of each write.
    stream.on('error', () => undefined);
    return stream;
  }
}

function writeTo(stream: Writable | NodeJS.WriteStream, chunk: Buffer, output: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(notWritten(output, error)) : resolve()));
  });
}

function notWritten(output: string, error: Error): CliError {
  const where = output === STDOUT ? 'stdout' : output;
  return new CliError(EXIT.bodyNotWritten, `cannot write the body to ${where}: ${error.message}`);
}
