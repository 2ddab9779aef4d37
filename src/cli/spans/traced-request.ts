import type { Socket } from 'node:net';
import { context, type Tracer } from '@opentelemetry/api';
import { now } from '../../clock.js';
import { ClientTelemetry } from '../../emit/client/telemetry.js';
import { compileRedactedQueryParams, redactUrl } from '../../emit/http/redaction.js';
import type { TLSConnectionState } from '../../httptrace/client-trace.js';
import type { ClientRecord } from '../../recorder/client.js';
import type { ConnEnds } from '../../recorder/conn-ends.js';
import { lastPhase } from '../../recorder/phases.js';
import { DEFAULT_REDACTED_QUERY_PARAMS } from '../../semconv/defaults.js';
import { ATTR_HTTPTRACE_CANCELLED_PHASE } from '../../semconv/semconv.js';
import type { RequestTrace } from '../../source/request-trace.js';
import { RequestCounter } from '../../status/request-counter.js';
import { present, type RequestReport } from '../report/request-report.js';
import { type Answer, headerFields } from '../send/answer.js';
import { type Hop, redirectTarget } from '../send/hop.js';
import { type RecordedSpan, RecordingTracer } from './recorded-span.js';
import { HopView } from './request-view.js';
import { spanConfig, spanOutputs } from './settings.js';

const REDACTED_QUERY_PARAMS = compileRedactedQueryParams(DEFAULT_REDACTED_QUERY_PARAMS);

/** Records requests as an instrumentation does, and keeps their spans. */
export class RequestTracer {
  private readonly telemetry: ClientTelemetry;
  private last: RecordedSpan | undefined;

  /** @param sent Makes the spans that are sent as well. */
  constructor(sent?: Tracer) {
    const ended = (span: RecordedSpan): void => {
      this.last = span;
    };
    const tracer = new RecordingTracer({ ended }, sent);
    this.telemetry = new ClientTelemetry(spanConfig(sent !== undefined), spanOutputs(tracer));
  }

  begin(hop: Hop): TracedRequest {
    const sent = { ...hop, headers: [...hop.headers] };
    const record = this.telemetry.begin(new HopView(sent), context.active(), now(), new RequestCounter());
    if (record === undefined) {
      throw new Error('a request was not recorded');
    }
    return new TracedRequest(sent, record, () => this.ended());
  }

  /** A record becomes a span at the moment at which it is over. */
  private ended(): RecordedSpan {
    if (this.last === undefined) {
      throw new Error('a request has left no span');
    }
    return this.last;
  }
}

/** One request under way, and then what there is to say of it. */
export class TracedRequest {
  readonly hop: Hop;
  readonly trace: RequestTrace;
  answer: Answer | undefined;
  /** The connection that it was sent on; `undefined` if there was none. */
  conn: Socket | undefined;
  receivedBytes = 0;
  private readonly record: ClientRecord;
  private readonly takeSpan: () => RecordedSpan;
  private span: RecordedSpan | undefined;
  private unverified = false;
  private givenUp: string | undefined;

  constructor(hop: Hop, record: ClientRecord, takeSpan: () => RecordedSpan) {
    this.hop = hop;
    this.record = record;
    this.takeSpan = takeSpan;
    this.trace = this.observed(record);
    record.getConn();
  }

  gotAnswer(answer: Answer): void {
    this.answer = answer;
    this.record.gotResponse({ statusCode: answer.status, headers: answer.headers });
  }

  gotBody(bytes: number): void {
    this.receivedBytes += bytes;
    this.record.gotBodyChunk(bytes);
  }

  /** The answer is complete. */
  ended(): void {
    this.record.ended();
    this.span = this.takeSpan();
  }

  /** @param givenUp What is said of it if whoever runs this program gave it up. */
  failed(error: unknown, givenUp?: string): void {
    this.givenUp = givenUp;
    this.record.failed(error);
    this.span = this.takeSpan();
    if (givenUp !== undefined) {
      this.span.attributes[ATTR_HTTPTRACE_CANCELLED_PHASE] ??= lastPhase(this.record);
    }
  }

  /** Where that connection leads. */
  get ends(): ConnEnds | undefined {
    return this.record.ends;
  }

  /** Whether whoever runs this program gave it up. */
  get isInterrupted(): boolean {
    return this.givenUp !== undefined;
  }

  get finishedSpan(): RecordedSpan {
    if (this.span === undefined) {
      throw new Error('the request is under way');
    }
    return this.span;
  }

  /** @param withHead Whether the head of the response is a part of it. */
  report(withHead: boolean): RequestReport {
    const { answer, givenUp, unverified } = this;
    const target = answer === undefined ? undefined : redirectTarget(answer);
    return {
      span: this.finishedSpan,
      unverified,
      ...present({
        protocol: answer?.protocol,
        givenUp,
        redirectedTo: target === undefined ? undefined : redactUrl(target, REDACTED_QUERY_PARAMS),
        responseHeaders: withHead && answer !== undefined ? headerFields(answer) : undefined,
      }),
    };
  }

  /** The trace of the record, of which a word more is known here. */
  private observed(record: ClientRecord): RequestTrace {
    return {
      dnsStart: (info, at) => record.dnsStart(info, at),
      dnsDone: (info) => record.dnsDone(info),
      connectStart: (network, addr) => record.connectStart(network, addr),
      connectDone: (network, addr, err) => record.connectDone(network, addr, err),
      tlsHandshakeStart: () => record.tlsHandshakeStart(),
      tlsHandshakeDone: (state, err, curve) => {
        this.unverified = isUnverified(state, err);
        record.tlsHandshakeDone(state, err, curve);
      },
      gotConn: (info) => {
        this.conn = info.conn;
        record.gotConn(info);
      },
      wroteHeaders: () => record.wroteHeaders(),
      wait100Continue: () => record.wait100Continue(),
      wroteRequest: (info) => record.wroteRequest(info),
      gotFirstResponseByte: () => record.gotFirstResponseByte(),
      got100Continue: () => record.got100Continue(),
      got1xxResponse: (code) => record.got1xxResponse(code),
    };
  }
}

function isUnverified({ authorized }: TLSConnectionState, err: Error | undefined): boolean {
  return err === undefined && !authorized;
}
