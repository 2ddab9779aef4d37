import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import { toHrTime } from '../clock.js';
import type { ClientRecord, ClientRecordListener, FinishedDial } from '../recorder/client.js';
import type { ResponseHead } from '../source/request-trace.js';
import { addEndAttributes } from './client-attributes.js';
import { addBodySizes, bodySizes, NO_SIZES } from './client-body-sizes.js';
import { addGetConnFailed, addPhaseEvents, addReceiveDone } from './client-events.js';
import { clientMetricAttributes } from './client-metrics.js';
import type { ClientRequestView } from './client-request.js';
import type { ClientSettings } from './client-settings.js';
import { type ClientVerdict, judge } from './client-verdict.js';
import { connectionSetup, emitConnectionSetup, failedSetup } from './connection-setup.js';
import { REDACTED } from './redaction.js';
import { safely } from './safely.js';
import { ATTR_HTTP_REQUEST_HEADER, METRIC_HTTP_CLIENT_REQUEST_DURATION } from './semconv.js';
import type { RequestedServer } from './server-address.js';
import { emitWaitForConnection } from './waiting-span.js';

/** What was known of a request when its span began. */
export interface ClientSpanStart {
  readonly span: Span;
  /** See `epochAt`. */
  readonly epoch: number;
  /** `http.request.method` */
  readonly method: string;
  readonly server: RequestedServer;
}

/** The CLIENT span of one request: turns its record into telemetry when it is over. */
export class ClientSpan implements ClientRecordListener {
  private readonly settings: ClientSettings;
  private readonly view: ClientRequestView;
  private readonly start: ClientSpanStart;
  /** What is known before the end, to be set with all the others. */
  private readonly attributes: Attributes = {};
  private response: ResponseHead | undefined = undefined;

  constructor(settings: ClientSettings, view: ClientRequestView, start: ClientSpanStart) {
    this.settings = settings;
    this.view = view;
    this.start = start;
  }

  requestSent(): void {
    const { requestHeaders } = this.settings;
    if (requestHeaders !== undefined) {
      this.view.addRequestHeaders(this.attributes, requestHeaders);
    }
  }

  headerWritten(name: string, values: string[]): void {
    const { redactedHeaders } = this.settings.config;
    this.attributes[ATTR_HTTP_REQUEST_HEADER(name)] = redactedHeaders.has(name) ? [REDACTED] : values;
  }

  dialDone(dial: FinishedDial): void {
    const { outputs, config } = this.settings;
    const { epoch, server } = this.start;
    emitConnectionSetup({ tracer: outputs.tracer(), epoch, server, hooks: config.hooks }, dial);
  }

  responseArrived(_record: ClientRecord, response: ResponseHead): void {
    this.response = response;
    const { responseHeaders, config } = this.settings;
    if (responseHeaders !== undefined) {
      this.view.addResponseHeaders(this.attributes, responseHeaders, response);
    }
    if (config.responseHook !== undefined) {
      safely('client.responseHook', config.responseHook, this.start.span, this.view.hookResponse(response));
    }
  }

  finished(record: ClientRecord): void {
    const verdict = judge(record, this.response?.statusCode, this.view);
    if (this.start.span.isRecording()) {
      this.endSpan(record, verdict);
    }
    this.measure(record, verdict);
  }

  private endSpan(record: ClientRecord, verdict: ClientVerdict): void {
    const { attributes, settings } = this;
    const { span, epoch, server } = this.start;
    const statusCode = this.response?.statusCode;
    const sizes = settings.countsBodies ? bodySizes(record, this.view, this.response) : NO_SIZES;
    addEndAttributes(attributes, record, statusCode, verdict, settings);
    addBodySizes(attributes, sizes, settings.optIn);
    span.setAttributes(attributes);
    addPhaseEvents(span, record.facts, {
      epoch,
      server,
      optIn: settings.optIn,
      requestBodySize: sizes.request,
      cancelled: verdict.cancelled,
    });
    this.closePhases(record, verdict, sizes.response);
    if (settings.config.phases === 'spans') {
      this.linkConnection(record, verdict);
    }
    if (verdict.errorType !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: verdict.message });
    }
    span.end(toHrTime(epoch, verdict.endedAt));
  }

  private linkConnection(record: ClientRecord, verdict: ClientVerdict): void {
    const { span, epoch, server } = this.start;
    const setup =
      record.conn === undefined ? failedSetup(failureOf(record)) : connectionSetup(record.conn.conn);
    if (setup !== undefined) {
      span.addLink({ context: setup });
    }
    const { hooks } = this.settings.config;
    if (hooks.getConn || hooks.gotConn) {
      emitWaitForConnection(this.settings.outputs.tracer(), record.context, epoch, server, record, verdict);
    }
  }

  /** The events of what ends with the request itself: Go's hooks are silent there. */
  private closePhases(
    record: ClientRecord,
    { failure, cancelled, endedAt }: ClientVerdict,
    bodySize: number | undefined,
  ): void {
    const { span, epoch } = this.start;
    const { events } = this.settings;
    if (failure !== undefined && record.conn === undefined && events.gotConn) {
      addGetConnFailed(span, failure, toHrTime(epoch, endedAt));
    }
    if (events.putIdleConn && !cancelled && !Number.isNaN(record.firstByteAt)) {
      addReceiveDone(span, bodySize, failure, toHrTime(epoch, endedAt));
    }
  }

  private measure(record: ClientRecord, { errorType, endedAt }: ClientVerdict): void {
    const { settings, start, response } = this;
    const duration = settings.outputs.instruments()[METRIC_HTTP_CLIENT_REQUEST_DURATION];
    if (duration === undefined) {
      return;
    }
    const attributes = clientMetricAttributes(
      start.method,
      start.server,
      record,
      response?.statusCode,
      errorType,
      settings.optIn,
    );
    duration.record((endedAt - record.wantedAt) / 1000, attributes, record.context);
  }
}

function failureOf({ outcome }: ClientRecord): unknown {
  return outcome?.kind === 'failed' ? outcome.error : undefined;
}
