import { INVALID_SPAN_CONTEXT } from '@opentelemetry/api';
import { ATTR_HTTPTRACE_CANCELLED_PHASE, type Phase } from '../../semconv/semconv.js';
import { eventPhases } from '../../waterfall/event-phases.js';
import type { Note } from '../../waterfall/model.js';
import { type ReadableSpan, SPAN_KIND_SERVER, type TimedEvent } from '../../waterfall/readable-span.js';
import { spanBlock } from '../../waterfall/span-block.js';
import { Printer } from '../output.js';
import { drawingOf } from '../report/drawing.js';
import { present, summaryOf } from '../report/request-report.js';
import { servedSummaryOf } from '../report/served-summary.js';
import type { Line, SpanLine } from './line.js';

/** A request under way. */
interface OpenRequest {
  readonly line: Line;
  readonly span: SpanLine;
  readonly events: TimedEvent[];
}

/** Draws on stderr what the processes of a program tell. Stdout is the program's own. */
export class ProgramReports {
  private readonly json: boolean;
  private readonly printer = new Printer(process.stderr);
  private readonly open = new Map<string, OpenRequest>();
  /** When each child process was seen to have ended, by its id. */
  private readonly gone = new Map<number, number>();
  private mainPid: number | undefined;

  constructor(json: boolean) {
    this.json = json;
  }

  /** Called with the process that was started here. Its requests need no name. */
  begin(pid: number | undefined): void {
    this.mainPid = pid;
  }

  line(text: string): void {
    const line = lineOf(text);
    if (line === undefined) {
      return;
    }
    const { pid, thread, id, underWay, span, step } = line;
    const key = `${pid}/${thread}/${id}`;
    const open = this.open.get(key);
    if (span === undefined) {
      open?.events.push(...(step === undefined ? [] : [step]));
    } else if (underWay === true) {
      this.open.set(key, { line, span, events: [] });
    } else {
      this.open.delete(key);
      this.report(line, span, false);
    }
  }

  /** Reports the open requests of child processes that have ended. Called when all that they wrote is read. */
  sweep(): void {
    for (const [pid, at] of this.gone) {
      this.cutOff(pid, at);
    }
    this.gone.clear();
    for (const { line } of this.open.values()) {
      if (line.pid !== this.mainPid && !isAlive(line.pid)) {
        this.gone.set(line.pid, Date.now());
      }
    }
  }

  /** Reports all open requests, because the program is over. */
  end(): void {
    this.cutOff(undefined, Date.now());
  }

  /** Reports the open requests of a process as cut off; of all processes if `pid` is `undefined`. */
  private cutOff(pid: number | undefined, at: number): void {
    for (const [key, { line, span, events }] of this.open) {
      if (pid === undefined || line.pid === pid) {
        this.open.delete(key);
        this.report(line, cutOff(span, events, at), true);
      }
    }
  }

  /** Waits until everything is written, or nobody reads. */
  async flush(): Promise<void> {
    await this.printer.end().catch(() => undefined);
  }

  private report(line: Line, told: SpanLine, isUnfinished: boolean): void {
    const { pid, thread } = line;
    const span = readable(told);
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

function isAlive(pid: number): boolean {
  try {
    // 0 sends no signal, and fails if there is no such process.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The first open phase in this order is the one that a request is in. */
const INNERMOST_FIRST: readonly Phase[] = ['receive', 'wait', 'send', 'tls', 'connect', 'dns', 'getconn'];

/** The span of a request whose process was killed, as if the request had been given up then. */
function cutOff(span: SpanLine, events: readonly TimedEvent[], at: number): SpanLine {
  const open = new Set(eventPhases(events, at).open.map(({ phase }) => phase));
  const phase = INNERMOST_FIRST.find((candidate) => open.has(candidate));
  return {
    ...span,
    events,
    endTime: [Math.floor(at / 1_000), (at % 1_000) * 1_000_000],
    attributes: { ...span.attributes, ...present({ [ATTR_HTTPTRACE_CANCELLED_PHASE]: phase }) },
  };
}

function readable(span: SpanLine): ReadableSpan {
  return { ...span, spanContext: () => INVALID_SPAN_CONTEXT, links: [], resource: { attributes: {} } };
}

/** One line of the file; `undefined` if the process was killed in the middle of it. */
function lineOf(text: string): Line | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
