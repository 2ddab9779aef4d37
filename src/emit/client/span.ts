import type { Attributes, Span, SpanContext, TimeInput } from '@opentelemetry/api';
import { SpanStatusCode } from '../../api.js';
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
import { addEvents, addGetConnFailed, addReceiveDone, isMoment } from './events.js';
import { introduce } from './introduce.js';
import { measureEnd, measureLookup, measureQueue } from './measure.js';
import { emitPhaseSpans } from './phase-spans.js';
import type { ClientStart, SpanClock } from './start.js';
import { type ClientVerdict, judge } from './verdict.js';
import { emitWaitForConnection } from './waiting-span.js';

/** Turns the record of one request into telemetry when it is over: on a CLIENT span of our own. */
export class ClientSpan implements ClientRecordListener, SpanClock {
  protected readonly start: ClientStart;
  protected span: Span | undefined;
  /** What is known before the end, to be set with all the others. */
  private captured: Attributes | undefined = undefined;
  private response: ResponseHead | undefined = undefined;
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

  requestMade(record: ClientRecord): void {
    if (this.span !== undefined) {
      introduce(this.start, this.span, record.context);
    }
  }

  requestSent(record: ClientRecord): void {
    const { settings, view } = this.start;
    measureQueue(this.start, record);
    if (settings.requestHeaders !== undefined) {
      const sent: Attributes = {};
      view.addRequestHeaders(sent, settings.requestHeaders);
      this.captured = { ...this.captured, ...sent };
    }
  }

  headerWritten(name: string, values: string[]): void {
    if (name.startsWith(':')) {
      // The fields with which HTTP/2 says method, target and server are no headers.
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
    const about = { tracer: outputs.tracer(), epoch, server, hooks, before: this.lastSetup };
    this.lastSetup = emitConnectionSetup(about, dial);
  }

  responseArrived(_record: ClientRecord, response: ResponseHead): void {
    this.response = response;
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
    const { start, span, response } = this;
    const verdict = judge(record, response?.statusCode, start.view);
    if (span !== undefined) {
      const isRecording = span.isRecording();
      if (isRecording) {
        this.write(span, record, verdict);
      }
      this.letCustomize(span);
      if (isRecording) {
        this.end(span, verdict);
      }
    }
    measureEnd({ start, record, response, verdict });
  }

  private letCustomize(span: Span): void {
    const { settings, view } = this.start;
    const { applyCustomAttributesOnSpan } = settings.config;
    if (applyCustomAttributesOnSpan !== undefined) {
      const given = this.response && view.metricResponse(this.response);
      safely('client.applyCustomAttributesOnSpan', applyCustomAttributesOnSpan, span, view.request, given);
    }
  }

  private write(span: Span, record: ClientRecord, verdict: ClientVerdict): void {
    const { captured: attributes = {}, response } = this;
    const { settings, view, server } = this.start;
    const sizes = settings.countsBodies ? bodySizes(record, view, response) : NO_SIZES;
    this.addAttributes(attributes, record, response?.statusCode, verdict);
    addBodySizes(attributes, sizes, settings.optIn);
    span.setAttributes(attributes);
    const { phases, hooks } = settings.config;
    const { optIn } = settings;
    const facts = phases === 'spans' ? record.facts.filter(isMoment) : record.facts;
    addEvents(span, facts, { clock: this, server, optIn, requestBodySize: sizes.request, verdict });
    this.closePhases(span, record, verdict, sizes.response);
    if (phases === 'spans') {
      const tracer = settings.outputs.tracer();
      const wanted = settings.durations;
      emitPhaseSpans({ tracer, clock: this, server, hooks, wanted, optIn, sizes, verdict }, record, span);
    } else if (phases === 'linked-spans') {
      this.linkConnection(span, record, verdict);
    }
  }

  protected addAttributes(
    attributes: Attributes,
    record: ClientRecord,
    statusCode: number | undefined,
    verdict: ClientVerdict,
  ): void {
    addSharedAttributes(attributes, record, statusCode, verdict, this.start.settings);
    addOurAttributes(attributes, record, verdict, this.start.settings);
  }

  protected end(span: Span, { errorType, message, endedAt }: ClientVerdict): void {
    if (errorType !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    span.end(this.timeAt(endedAt));
  }

  private linkConnection(span: Span, record: ClientRecord, verdict: ClientVerdict): void {
    const { settings } = this.start;
    const { conn, outcome } = record;
    const failure = outcome?.kind === 'failed' ? outcome.error : undefined;
    const setup = conn === undefined ? failedSetup(failure) : connectionSetup(conn.conn);
    if (setup !== undefined) {
      span.addLink({ context: setup });
    }
    if (settings.config.hooks.getConn || settings.config.hooks.gotConn) {
      emitWaitForConnection(this.start, this, span, record, verdict);
    }
  }

  /** The events of what ends with the request itself: Go's hooks are silent there. */
  private closePhases(
    span: Span,
    record: ClientRecord,
    { failure, cancelled, endedAt }: ClientVerdict,
    bodySize: number | undefined,
  ): void {
    const { settings } = this.start;
    const { noted } = settings;
    if (failure !== undefined && !record.wasSent && noted.gotConn) {
      addGetConnFailed(span, failure, this.timeAt(endedAt));
    }
    if (noted.putIdleConn && !cancelled && !Number.isNaN(record.responseAt)) {
      addReceiveDone(span, bodySize, failure, this.timeAt(endedAt));
    }
  }
}
