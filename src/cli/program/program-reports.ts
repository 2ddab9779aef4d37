import { INVALID_SPAN_CONTEXT } from '@opentelemetry/api';
import type { Note } from '../../waterfall/model.js';
import { type ReadableSpan, SPAN_KIND_SERVER } from '../../waterfall/readable-span.js';
import { spanBlock } from '../../waterfall/span-block.js';
import { Printer } from '../output.js';
import { drawingOf } from '../report/drawing.js';
import { present, summaryOf } from '../report/request-report.js';
import { servedSummaryOf } from '../report/served-summary.js';
import type { Line, SpanLine } from './line.js';

/** Draws on stderr what the processes of a program tell: stdout is the program's own. */
export class ProgramReports {
  private readonly json: boolean;
  private readonly printer = new Printer(process.stderr);
  private readonly open = new Map<string, Line>();
  private mainPid: number | undefined;

  constructor(json: boolean) {
    this.json = json;
  }

  /** The process that was started here, whose requests need no name. */
  begin(pid: number | undefined): void {
    this.mainPid = pid;
  }

  line(text: string): void {
    const line = lineOf(text);
    if (line === undefined) {
      return;
    }
    const { pid, thread, id, unfinished } = line;
    const key = `${pid}/${thread}/${id}`;
    if (unfinished === true && !this.open.has(key)) {
      this.open.set(key, line);
      return;
    }
    this.open.delete(key);
    this.report(line);
  }

  /** The program is over: what is left was under way in processes that were ended by force. */
  end(): void {
    const now = Date.now();
    for (const line of this.open.values()) {
      const endTime: SpanLine['endTime'] = [Math.floor(now / 1_000), (now % 1_000) * 1_000_000];
      this.report({ ...line, span: { ...line.span, endTime } });
    }
    this.open.clear();
  }

  /** Waits until everything is written; where nobody reads, nothing is to be done. */
  async flush(): Promise<void> {
    await this.printer.end().catch(() => undefined);
  }

  private report(line: Line): void {
    const { pid, thread } = line;
    const span = readable(line.span);
    const isUnfinished = line.unfinished === true;
    const givenUp = isUnfinished ? 'unfinished' : undefined;
    const process = { pid, ...present({ thread: thread === 0 ? undefined : thread }) };
    const service = this.nameOf(line);
    if (span.kind === SPAN_KIND_SERVER) {
      const links: Note[] = isUnfinished ? [{ text: '✗ unfinished', tone: 'bad' }] : [];
      if (this.json) {
        this.printer.json({ ...servedSummaryOf(span, isUnfinished), ...process });
      } else {
        this.printer.drawing(spanBlock(span, { phaseSpans: [], service, links, children: [] }));
      }
      return;
    }
    const report = { span, ...present({ givenUp }) };
    if (this.json) {
      this.printer.json({ side: 'client', ...summaryOf(report), ...process });
    } else {
      this.printer.drawing(drawingOf(report, service));
    }
  }

  private nameOf({ pid, thread }: Line): string | undefined {
    const process = pid === this.mainPid ? [] : [`pid ${pid}`];
    const worker = thread === 0 ? [] : [`worker ${thread}`];
    const name = [...process, ...worker].join(' ');
    return name === '' ? undefined : name;
  }
}

function readable(span: SpanLine): ReadableSpan {
  return { ...span, spanContext: () => INVALID_SPAN_CONTEXT, links: [], resource: { attributes: {} } };
}

/** What a process that was ended in the middle of a line wrote is no line. */
function lineOf(text: string): Line | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
