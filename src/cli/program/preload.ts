import { openSync, writeSync } from 'node:fs';
import { isMainThread, threadId } from 'node:worker_threads';
import type { RecordedSpan } from '../spans/recorded-span.js';
import { ENV_FILE, ENV_SERVERS, type Line } from './line.js';
import { Watcher } from './watcher.js';

// Loaded by each process and worker of a program that `httptrace -- program` runs, before anything of its own. It
// writes to a file that `httptrace` reads, at once, so that nothing is lost when the process ends.

/** The functions as they are now: a program may replace them, to test itself. */
const write = writeSync;
const open = openSync;

class LineFile {
  private readonly path: string;
  private fd: number | undefined;
  private readonly ids = new WeakMap<RecordedSpan, number>();
  private lastId = 0;

  constructor(path: string) {
    this.path = path;
  }

  began(span: RecordedSpan): void {
    this.lastId += 1;
    this.ids.set(span, this.lastId);
    this.write(span, { unfinished: true });
  }

  ended(span: RecordedSpan, isUnfinished: boolean): void {
    this.write(span, isUnfinished ? { unfinished: true } : {});
  }

  private write(span: RecordedSpan, more: Pick<Line, 'unfinished'>): void {
    const { name, kind, startTime, endTime, status, attributes, events } = span;
    const line: Line = {
      pid: process.pid,
      thread: isMainThread ? 0 : threadId,
      id: this.ids.get(span) ?? 0,
      ...more,
      span: { name, kind, startTime, endTime, status, attributes, events },
    };
    try {
      this.fd ??= open(this.path, 'a');
      write(this.fd, `${JSON.stringify(line)}\n`);
    } catch {
      // The reader has gone, or there is no room: that is no matter of the program's.
    }
  }
}

const path = process.env[ENV_FILE];
if (path !== undefined) {
  const watcher = new Watcher(new LineFile(path));
  watcher.start(process.env[ENV_SERVERS] === '1');
  process.on('exit', () => watcher.end());
}
