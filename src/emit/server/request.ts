import type { Attributes, Span } from '@opentelemetry/api';
import { context } from '../../api.js';
import { now, toHrTime } from '../../clock.js';
import { reportError } from '../../diagnostics.js';
import type { ServerOutcome, ServerRecord } from '../../recorder/server.js';
import {
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_URL_PATH,
  EVENT_HTTP_CONNECTION_HIJACKED,
  EVENT_HTTP_RESPONSE_ABORTED,
  EVENT_HTTP_RESPONSE_END,
  EVENT_HTTP_RESPONSE_FIRST_WRITE,
  EVENT_HTTP_RESPONSE_FLUSH,
  EVENT_HTTP_RESPONSE_HEAD,
  EVENT_HTTP_RESPONSE_INFORMATIONAL,
  EVENT_HTTP_RESPONSE_PUSH,
} from '../../semconv/semconv.js';
import type { Closing, ServerTrace, WatchedSteps } from '../../source/server/trace.js';
import { noteGivenSpan, warnOfMissingSpan } from '../existing-spans.js';
import { targetPath } from '../http/url.js';
import { countedBody, describeEnd, setHeadAttributes } from './end.js';
import { measureEnd, measureHead } from './measure.js';
import type { ServedStart } from './start.js';
import { judgeServed } from './verdict.js';

/**
 * One incoming request: notes what its source tells, and adds the events to the span when they happen, so that
 * they are there while a long response is still on its way.
 */
export class ServerRequestTrace implements ServerTrace {
  readonly steps: WatchedSteps;
  private readonly start: ServedStart;
  private readonly record: ServerRecord;
  private span: Span | undefined;

  /** @param span `undefined` if another instrumentation has yet to give us its own. */
  constructor(start: ServedStart, record: ServerRecord, steps: WatchedSteps, span: Span | undefined) {
    this.start = start;
    this.record = record;
    this.steps = steps;
    this.span = span;
  }

  /** Another instrumentation ends its span in a listener. */
  get endsBeforeListeners(): boolean {
    return !this.start.ownsSpan;
  }

  /** Writes to the span of another instrumentation from now on. */
  useSpan(span: Span): void {
    noteGivenSpan('server');
    this.span ??= span;
  }

  isActive(): boolean {
    return !this.start.ownsSpan || context.active() === this.start.context;
  }

  run<Result>(fn: (...args: unknown[]) => Result, self: unknown, args: unknown[]): Result {
    return this.start.ownsSpan
      ? // As an argument: a `this` is bound to the function first, which costs more than the call.
        context.with(this.start.context, apply<Result>, undefined, fn, self, args)
      : Reflect.apply(fn, self, args);
  }

  wroteInformational(statusCode: number): void {
    if (this.hooks.informational) {
      this.addEvent(EVENT_HTTP_RESPONSE_INFORMATIONAL, now(), {
        [ATTR_HTTP_RESPONSE_STATUS_CODE]: statusCode,
      });
    }
  }

  wroteHead(statusCode: number, headers?: unknown): void {
    const at = now();
    if (!this.record.wroteHead(statusCode, at)) {
      return;
    }
    if (this.hooks.writeHead) {
      this.addEvent(EVENT_HTTP_RESPONSE_HEAD, at, { [ATTR_HTTP_RESPONSE_STATUS_CODE]: statusCode });
    }
    try {
      if (this.span?.isRecording() === true) {
        setHeadAttributes(this.span, this.start, this.record, headers);
      }
      measureHead(this.start, this.record);
    } catch (error) {
      this.report(error);
    }
  }

  wroteBody(bytes: number, at = now()): void {
    if (this.record.wroteBody(bytes) && this.hooks.write) {
      this.addEvent(EVENT_HTTP_RESPONSE_FIRST_WRITE, at);
    }
  }

  flushed(): void {
    if (this.record.flushed() && this.hooks.flushHeaders) {
      this.addEvent(EVENT_HTTP_RESPONSE_FLUSH, now());
    }
  }

  ended(at = now()): void {
    if (this.record.ended() && this.hooks.end) {
      this.addEvent(EVENT_HTTP_RESPONSE_END, at, this.bodySoFar());
    }
  }

  pushed(path: string): void {
    if (this.hooks.push) {
      this.addEvent(EVENT_HTTP_RESPONSE_PUSH, now(), { [ATTR_URL_PATH]: targetPath(path) });
    }
  }

  gotBody(bytes: number): void {
    this.record.gotBody(bytes);
  }

  errored(error: unknown): void {
    this.record.errored(error);
  }

  threw(error: unknown): void {
    this.record.errored(error);
    this.finish('threw', now());
  }

  hijacked(protocol: string | undefined): void {
    const at = now();
    if (this.hooks.hijack) {
      const attributes = protocol ? { [ATTR_NETWORK_PROTOCOL_NAME]: protocol.toLowerCase() } : undefined;
      this.addEvent(EVENT_HTTP_CONNECTION_HIJACKED, at, attributes);
    }
    this.finish('hijacked', at);
  }

  finished(): void {
    this.record.isFinished = true;
  }

  closed({ how, error }: Closing): void {
    const at = now();
    if (this.record.isFinished) {
      this.finish('finished', at);
      return;
    }
    if (how === 'aborted' && this.hooks.closeNotify) {
      this.addEvent(EVENT_HTTP_RESPONSE_ABORTED, at, this.bodySoFar());
    }
    if (how === 'destroyed' && error !== undefined) {
      this.record.errored(error);
    }
    this.finish(how, at);
  }

  private get hooks() {
    return this.start.settings.config.hooks;
  }

  private bodySoFar(): Attributes | undefined {
    const bytes = countedBody(this.start, this.record);
    return bytes === undefined ? undefined : { [ATTR_HTTP_RESPONSE_BODY_SIZE]: bytes };
  }

  private addEvent(name: string, at: number, attributes?: Attributes): void {
    const { span } = this;
    if (this.record.isOver || span === undefined || !span.isRecording()) {
      return;
    }
    try {
      // Another instrumentation's span has another clock.
      span.addEvent(name, attributes, this.start.ownsSpan ? toHrTime(this.start.epoch, at) : undefined);
    } catch (error) {
      this.report(error);
    }
  }

  private finish(outcome: ServerOutcome, at: number): void {
    if (!this.record.closed(outcome, at)) {
      return;
    }
    if (!this.start.ownsSpan) {
      this.start.settings.outputs.counters.servers.countExisting(this.span);
      if (this.span === undefined) {
        warnOfMissingSpan('server');
      }
    }
    try {
      const verdict = judgeServed(this.record, this.start);
      // A hook of the user may have ended it.
      if (this.span?.isRecording() === true) {
        describeEnd(this.span, this.start, this.record, verdict);
      }
      measureEnd(this.start, this.record, verdict);
    } catch (error) {
      this.report(error);
    }
    this.endSpan(at);
  }

  /** Whatever failed before. */
  private endSpan(at: number): void {
    const { start, span } = this;
    try {
      if (start.ownsSpan && span?.isRecording() === true) {
        span.end(toHrTime(start.epoch, at));
      }
    } catch (error) {
      this.report(error);
    }
  }

  private report(error: unknown): void {
    reportError('httptrace: a SERVER span or its metrics could not be written; the request goes on', error);
  }
}

function apply<Result>(fn: (...args: unknown[]) => Result, self: unknown, args: unknown[]): Result {
  return Reflect.apply(fn, self, args);
}
