import type { Transform } from 'node:stream';
import zlib from 'node:zlib';
import { CliError, EXIT } from '../exit-code.js';

/** Takes a body as it comes. */
export interface Sink {
  write(chunk: Buffer): Promise<void>;
}

/** Decompresses a body on its way. */
export class Decoding implements Sink {
  private readonly decoder: Transform;
  private written: Promise<void> = Promise.resolve();
  private failure: Error | undefined;
  /** Resolves if decompressing fails. The callbacks of the writes are never called then. */
  private readonly failed: Promise<void>;

  private constructor(decoder: Transform, sink: Sink) {
    this.decoder = decoder;
    decoder.on('data', (chunk: Buffer) => {
      this.written = this.written.then(() => sink.write(chunk));
    });
    this.failed = new Promise((resolve) => {
      decoder.on('error', (error) => {
        this.failure ??= error;
        resolve();
      });
    });
  }

  /**
   * @param encoding The value of `Content-Encoding`.
   * @returns `undefined` if there is nothing to decompress.
   * @throws CliError for an encoding that was not asked for.
   */
  static of(encoding: string | undefined, sink: Sink): Decoding | undefined {
    switch (encoding?.trim().toLowerCase() ?? '') {
      case '':
      case 'identity':
        return undefined;
      case 'gzip':
      case 'x-gzip':
      case 'deflate':
        return new Decoding(zlib.createUnzip(), sink);
      case 'br':
        return new Decoding(zlib.createBrotliDecompress(), sink);
      default:
        throw new CliError(EXIT.badEncoding, `the body has an encoding that was not asked for: ${encoding}`);
    }
  }

  async write(chunk: Buffer): Promise<void> {
    await this.settled(new Promise((resolve) => this.decoder.write(chunk, () => resolve())));
  }

  /** Called when the whole body has come. */
  async end(): Promise<void> {
    await this.settled(new Promise((resolve) => this.decoder.once('end', resolve).end()));
  }

  private async settled(step: Promise<void>): Promise<void> {
    await Promise.race([step, this.failed]);
    await this.written;
    if (this.failure !== undefined) {
      throw new CliError(EXIT.badEncoding, `the body cannot be decompressed: ${this.failure.message}`);
    }
  }
}
