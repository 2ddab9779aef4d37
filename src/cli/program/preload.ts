import { openSync, writeSync } from 'node:fs';
import { isMainThread, threadId } from 'node:worker_threads';
import type { RecordedSpan } from '../spans/recorded-span.js';
import { ENV_FILE, ENV_SERVERS, type Line, type SpanLine } from './line.js';
import type { Step } from './steps.js';
import { Watcher } from './watcher.js';

// Each process and worker of a program that `httptrace -- program` runs loads this file first. It writes each step at once
// to a file that `httptrace` reads, so that nothing is lost when the process ends in any way. The program must not notice.

/** Node's functions, kept because a program may replace them to test itself. */
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
    this.write(span, { underWay: true, span: written(span) });
  }

  stepped(span: RecordedSpan, step: Step): void {
    this.write(span, { underWay: true, step });
  }

  ended(span: RecordedSpan): void {
    this.write(span, { span: written(span) });
  }

  private write(span: RecordedSpan, what: Pick<Line, 'underWay' | 'span' | 'step'>): void {
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
      // The reader has gone, or there is no room. Neither concerns the program.
    }
  }
}

function written({ name, kind, startTime, endTime, status, attributes, events }: RecordedSpan): SpanLine {
  return { name, kind, startTime, endTime, status, attributes, events };
}

const path = process.env[ENV_FILE];
if (path !== undefined) {
  new Watcher(new LineFile(path)).start(process.env[ENV_SERVERS] === '1');
}
