import type { CliOptions } from '../command/options.js';
import type { BodySink } from '../output.js';
import { type Answer, headText } from './answer.js';
import { Decoding, type Sink } from './decoding.js';
import { redirectTarget } from './hop.js';

/** Passes the body of one response on to its output, after the head if that was asked for. */
export class Body {
  private readonly options: CliOptions;
  private readonly sink: BodySink;
  private target: Sink | undefined;
  private decoding: Decoding | undefined;
  private head: Buffer | undefined;

  constructor(options: CliOptions, sink: BodySink) {
    this.options = options;
    this.sink = sink;
  }

  /** @throws CliError for an encoding that was not asked for. */
  begin(answer: Answer): void {
    const { include, location, fail, compressed } = this.options;
    this.head = include ? Buffer.from(headText(answer)) : undefined;
    const isPassedOn = location && redirectTarget(answer) !== undefined;
    if (isPassedOn || (fail && answer.status >= 400)) {
      return;
    }
    this.decoding = compressed ? Decoding.of(answer.headers['content-encoding'], this.sink) : undefined;
    this.target = this.decoding ?? this.sink;
  }

  async write(chunk: Buffer): Promise<void> {
    await this.writeHead();
    await this.target?.write(chunk);
  }

  async end(): Promise<void> {
    await this.writeHead();
    await this.decoding?.end();
  }

  private async writeHead(): Promise<void> {
    const { head } = this;
    this.head = undefined;
    if (head !== undefined) {
      await this.sink.write(head);
    }
  }
}
