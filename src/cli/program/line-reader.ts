import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** How long a line waits at most, in milliseconds. The file is not watched, because some systems do not tell each write. */
const INTERVAL_MS = 50;
const CHUNK_BYTES = 65_536;

/** Reads the lines of a file while others append to it. */
export class LineReader {
  private readonly fd: number;
  private readonly onLine: (line: string) => void;
  private readonly timer: NodeJS.Timeout;
  private readonly chunk = Buffer.alloc(CHUNK_BYTES);
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  /** @param onRead Called each time when everything in the file is read. */
  constructor(path: string, onLine: (line: string) => void, onRead: () => void) {
    this.fd = openSync(path, 'r');
    this.onLine = onLine;
    this.timer = setInterval(() => {
      this.read();
      onRead();
    }, INTERVAL_MS);
  }

  /** Reads the rest of the file, and stops. */
  end(): void {
    clearInterval(this.timer);
    this.read();
    closeSync(this.fd);
  }

  private read(): void {
    for (let length = this.readChunk(); length > 0; length = this.readChunk()) {
      const lines = (this.rest + this.decoder.write(this.chunk.subarray(0, length))).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) {
        this.onLine(line);
      }
    }
  }

  private readChunk(): number {
    return readSync(this.fd, this.chunk, 0, CHUNK_BYTES, null);
  }
}
