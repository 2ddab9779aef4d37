import type { Attributes, Context, Span, SpanContext, TextMapSetter, TimeInput } from '@opentelemetry/api';
import { propagation, SpanStatusCode } from '../../api.js';
import { toHrTime } from '../../clock.js';
import type { ClientRecord, ClientRecordListener } from '../../recorder/client.js';
import type { FinishedDial } from '../../recorder/client-facts.js';
import { REDACTED } from '../../semconv/defaults.js';
import { ATTR_HTTP_REQUEST_HEADER } from '../../semconv/semconv.js';
import type { ResponseHead } from '../../source/request-trace.js';
import { safely } from '../safely.js';
import { addOurAttributes, addSharedAttributes } from './attributes.js';
import { addBodySizes, bodySizes, NO_SIZES } from './body-sizes.js';
import { connectionSetup, emitConnectionSetup, failedSetup } from './connection-setup.js';
import { addEvents, isMoment } from './events.js';
import { measureEnd, measureLookup, measureQueue } from './measure.js';
import { type ClientVerdict, judge } from './outcome.js';
import { emitPhaseSpans } from './phase-spans.js';
import type { ClientStart, SpanClock } from './start.js';
import type { ClientRequestView } from './views/view.js';
import { emitWaitForConnection } from './waiting-span.js';

/** The headers of a request that trace headers are written to. */
interface Carrier {
  readonly view: ClientRequestView;
  /** Whether the request had a `traceparent` already, from the caller or another instrumentation. */
  readonly traced: boolean;
}

/** Never touches a header that is there already, and adds no `tracestate` to the `traceparent` of somebody else. */
const SETTER: TextMapSetter<Carrier> = {
  set({ view, traced }, name, value) {
    const isThere = name === 'traceparent' ? traced : view.hasHeader(name);
    if (!isThere && !(traced && name === 'tracestate')) {
      view.addHeader(name, value);
    }
  },
};

/** Turns the record of one request into telemetry, on a CLIENT span of our own. */
export class ClientSpan implements ClientRecordListener, SpanClock {
  protected readonly start: ClientStart;
  protected span: Span | undefined;
  /** Attributes that are known before the end. They are set together with all others. */
  private captured: Attributes | undefined = undefined;
  private lastSetup: SpanContext | undefined = undefined;

  constructor(start: ClientStart, span: Span | undefined) {
    this.start = start;
    this.span = span;
  }

  timeAt(at: number): TimeInput {
    return toHrTime(this.start.epoch, at);
  }

  timeBelowAt(at: number): TimeInput {
    return this.timeAt(at);
  }

  /**
   * Shows the request to the program's hook, and adds the headers of the trace. Called when the request begins, and again
   * when the client has made its own request if there was none yet. Each time it does what can be done by then.
   */
  introduce(ctx: Context): void {
    const { settings, view, server } = this.start;
    const { requestHook, propagate } = settings.config;
    if (requestHook !== undefined && this.span !== undefined && view.isMade) {
      safely('client.requestHook', requestHook, this.span, view.request);
    }
    if (view.takesHeaders && (propagate === undefined || propagate(server.hostPort))) {
      propagation.inject(ctx, { view, traced: view.hasHeader('traceparent') }, SETTER);
    }
  }

  requestMade({ context }: ClientRecord): void {
    this.introduce(context);
  }

  requestSent(record: ClientRecord): void {
    const { settings, view } = this.start;
    if (settings.measuresQueue) {
      measureQueue(this.start, record);
    }
    if (settings.requestHeaders !== undefined) {
      const sent: Attributes = {};
      view.addRequestHeaders(sent, settings.requestHeaders);
      this.captured = { ...this.captured, ...sent };
    }
  }

  headerWritten(name: string, values: string[]): void {
    if (name.startsWith(':')) {
      // A pseudo-header of HTTP/2 is no header.
      return;
    }
    const { redactedHeaders } = this.start.settings.config;
    this.captured ??= {};
    this.captured[ATTR_HTTP_REQUEST_HEADER(name)] = redactedHeaders.has(name) ? [REDACTED] : values;
  }

  nameResolved(record: ClientRecord, host: string, durationMs: number, err: Error | undefined): void {
    measureLookup(this.start.instruments, record.context, host, durationMs, err);
  }

  dialDone(dial: FinishedDial): void {
    const { settings, epoch, server } = this.start;
    const { outputs, config } = settings;
    const { hooks } = config;
    const about = { tracer: outputs.tracer, epoch, server, hooks, before: this.lastSetup };
    this.lastSetup = emitConnectionSetup(about, dial);
  }

  responseArrived(response: ResponseHead): void {
    const { settings, view } = this.start;
    const { responseHeaders, config } = settings;
    if (responseHeaders !== undefined) {
      this.captured ??= {};
      view.addResponseHeaders(this.captured, responseHeaders, response);
    }
    if (config.responseHook !== undefined && this.span !== undefined) {
      safely('client.responseHook', config.responseHook, this.span, view.hookResponse(response));
    }
  }

  finished(record: ClientRecord): void {
    const { start, span } = this;
    const { settings, view } = start;
    const { response } = record;
    const verdict = judge(record, response?.statusCode, view);
    if (span !== undefined) {
      const isRecording = span.isRecording();
      if (isRecording) {
        this.write(span, record, verdict);
      }
      const { applyCustomAttributesOnSpan: customize } = settings.config;
      if (customize !== undefined) {
        const given = response && view.metricResponse(response);
        safely('client.applyCustomAttributesOnSpan', customize, span, view.request, given);
      }
      if (isRecording) {
        this.end(span, verdict);
      }
    }
    measureEnd(start, record, verdict);
  }

  private write(span: Span, record: ClientRecord, verdict: ClientVerdict): void {
    const { captured: attributes = {} } = this;
    const { settings, view, server } = this.start;
    const { asked, optIn, config } = settings;
    this.addAttributes(attributes, record, verdict);
    const sizes = settings.countsBodies ? bodySizes(record, view) : NO_SIZES;
    if (settings.countsBodies) {
      addBodySizes(attributes, sizes, optIn);
    }
    span.setAttributes(attributes);
    const facts = config.phases === 'spans' ? record.facts.filter(isMoment) : record.facts;
    addEvents(span, facts, record, { clock: this, server, asked, optIn, sizes, verdict });
    if (config.phases === 'spans') {
      const tracer = settings.outputs.tracer;
      const { durations: wanted } = settings;
      const { hooks } = config;
      emitPhaseSpans({ tracer, clock: this, server, hooks, wanted, optIn, sizes, verdict }, record, span);
    } else if (config.phases === 'linked-spans') {
      this.linkConnection(span, record, verdict);
    }
  }

  protected addAttributes(attributes: Attributes, record: ClientRecord, verdict: ClientVerdict): void {
    const { settings } = this.start;
    addSharedAttributes(attributes, record, verdict, settings);
    addOurAttributes(attributes, record, verdict, settings);
  }

  protected end(span: Span, { errorType, message, endedAt }: ClientVerdict): void {
    if (errorType !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    span.end(this.timeAt(endedAt));
  }

  private linkConnection(span: Span, record: ClientRecord, verdict: ClientVerdict): void {
    const { conn, outcome } = record;
    const failure = outcome?.kind === 'failed' ? outcome.error : undefined;
    const setup = conn === undefined ? failedSetup(failure) : connectionSetup(conn.conn);
    if (setup !== undefined) {
      span.addLink({ context: setup });
    }
    const { hooks } = this.start.settings.config;
    if (hooks.getConn || hooks.gotConn) {
      emitWaitForConnection(this.start, this, span, record, verdict);
    }
  }
}
