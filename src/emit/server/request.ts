import type { Attributes, Context, Span } from '@opentelemetry/api';
import { context } from '../../api.js';
import { now, toHrTime } from '../../clock.js';
import { reportError } from '../../diagnostics.js';
import type { Closing, ListenerContext } from '../../httpsnoop/response-observer.js';
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
import type { ServerTrace } from '../../source/server/trace.js';
import { noteGivenSpan, warnOfMissingSpan } from '../existing-spans.js';
import { targetPath } from '../http/url.js';
import { safely } from '../safely.js';
import { countedBody, describeEnd, judgeServed, setHeadAttributes } from './end.js';
import { measureEnd, measureHead } from './measure.js';
import type { CountedBodies, ServerSettings } from './settings.js';
import type { ServedStart } from './start.js';

/**
 * One incoming request: notes what its source tells, and adds the events to the span when they happen, so that
 * they are there while a long response is still on its way.
 */
export class ServerRequestTrace implements ServerTrace, ListenerContext {
  readonly countsBody: boolean;
  readonly countsRequestBody: boolean;
  /** Another instrumentation ends its span in a listener. */
  readonly closesBeforeListeners: boolean;
  readonly listenIn: ListenerContext | undefined;
  readonly contexts: ListenerContext['contexts'] = context;
  readonly context: Context;
  private readonly start: ServedStart;
  private readonly record: ServerRecord;
  private readonly hooks: ServerSettings['config']['hooks'];
  private span: Span | undefined;
  private hasToldEnd = false;

  /** @param span `undefined` if another instrumentation has yet to give us its own. */
  constructor(start: ServedStart, record: ServerRecord, counted: CountedBodies, span: Span | undefined) {
    this.start = start;
    this.record = record;
    this.countsBody = counted.response;
    this.countsRequestBody = counted.request;
    this.hooks = start.settings.config.hooks;
    this.context = start.context;
    this.closesBeforeListeners = !start.ownsSpan;
    this.listenIn = start.ownsSpan ? this : undefined;
    this.span = span;
  }

  /** Writes to the span of another instrumentation from now on. */
  useSpan(span: Span): void {
    noteGivenSpan('server');
    this.span ??= span;
  }

  isActive(): boolean {
    return context.active() === this.context;
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
      if (this.start.settings.measuresHead) {
        measureHead(this.start, this.record);
      }
    } catch (error) {
      this.report(error);
    }
  }

  wroteBody(bytes: number): void {
    if (this.record.wroteBody(bytes) && this.hooks.write) {
      this.addEvent(EVENT_HTTP_RESPONSE_FIRST_WRITE, now());
    }
  }

  flushed(): void {
    if (this.record.flushed() && this.hooks.flushHeaders) {
      this.addEvent(EVENT_HTTP_RESPONSE_FLUSH, now());
    }
  }

  ended(isHandedOver: boolean): void {
    this.record.ended(now());
    if (isHandedOver) {
      this.tellEnd();
    }
  }

  finished(): void {
    if (!this.hasToldEnd) {
      this.tellEnd();
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
    this.tellEnd();
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

  closed({ how, error, unsent, headSent }: Closing): void {
    const at = now();
    if (how !== 'finished') {
      this.record.cutOff(unsent, headSent);
    }
    if (!this.hasToldEnd) {
      this.tellEnd();
    }
    if (how === 'aborted' && this.hooks.closeNotify) {
      this.addEvent(EVENT_HTTP_RESPONSE_ABORTED, at, this.bodySoFar());
    }
    if (how === 'destroyed' && error !== undefined) {
      this.record.errored(error);
    }
    this.finish(how, at);
  }

  /** To be called when it is known how much of the body left this process. */
  private tellEnd(): void {
    const { endedAt } = this.record;
    if (!this.hasToldEnd && !Number.isNaN(endedAt)) {
      this.hasToldEnd = true;
      if (this.hooks.end) {
        this.addEvent(EVENT_HTTP_RESPONSE_END, endedAt, this.bodySoFar());
      }
    }
  }

  private bodySoFar(): Attributes | undefined {
    const bytes = countedBody(this.start, this.record);
    return bytes === undefined ? undefined : { [ATTR_HTTP_RESPONSE_BODY_SIZE]: bytes };
  }

  private addEvent(name: string, at: number, attributes?: Attributes): void {
    const { span } = this;
    if (this.record.outcome !== undefined || span === undefined || !span.isRecording()) {
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
      if (this.start.settings.config.applyCustomAttributesOnSpan !== undefined) {
        this.letCustomize();
      }
      measureEnd(this.start, this.record, verdict);
    } catch (error) {
      this.report(error);
    }
    this.endSpan(at);
  }

  private letCustomize(): void {
    const { settings, request, response } = this.start;
    const { applyCustomAttributesOnSpan } = settings.config;
    if (applyCustomAttributesOnSpan !== undefined && this.span !== undefined) {
      safely('server.applyCustomAttributesOnSpan', applyCustomAttributesOnSpan, this.span, request, response);
    }
  }

  /** Ends the span, whatever failed before. */
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
