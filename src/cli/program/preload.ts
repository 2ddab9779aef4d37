import { openSync, writeSync } from 'node:fs';
import { isMainThread, threadId } from 'node:worker_threads';
import type { RecordedSpan } from '../spans/recorded-span.js';
import { ENV_FILE, ENV_SERVERS, type Line, type SpanLine } from './line.js';
import type { Step } from './steps.js';
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
    this.write(span, { unfinished: true, span: written(span) });
  }

  stepped(span: RecordedSpan, step: Step): void {
    this.write(span, { unfinished: true, step });
  }

  ended(span: RecordedSpan, isUnfinished: boolean): void {
    this.write(span, { ...(isUnfinished ? { unfinished: true } : {}), span: written(span) });
  }

  private write(span: RecordedSpan, what: Pick<Line, 'unfinished' | 'span' | 'step'>): void {
    const line: Line = {
      pid: process.pid,
      thread: isMainThread ? 0 : threadId,
      id: this.ids.get(span) ?? 0,
      ...what,
    };
    try {
      this.fd ??= open(this.path, 'a');
      write(this.fd, `${JSON.stringify(line)}\n`);
    } catch {
      // The reader has gone, or there is no room: that is no matter of the program's.
    }
  }
}

function written({ name, kind, startTime, endTime, status, attributes, events }: RecordedSpan): SpanLine {
  return { name, kind, startTime, endTime, status, attributes, events };
}

const path = process.env[ENV_FILE];
if (path !== undefined) {
  const watcher = new Watcher(new LineFile(path));
  watcher.start(process.env[ENV_SERVERS] === '1');
  process.on('exit', () => watcher.end());
}
