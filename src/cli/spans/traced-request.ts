import type { Socket } from 'node:net';
import { context, type Tracer } from '@opentelemetry/api';
import { now } from '../../clock.js';
import { ClientTelemetry } from '../../emit/client/telemetry.js';
import { compileRedactedQueryParams, redactUrl } from '../../emit/http/redaction.js';
import type { TLSConnectionState } from '../../httptrace/client-trace.js';
import { joinTraces } from '../../live-trace.js';
import { originOf } from '../../origin.js';
import type { ClientRecord } from '../../recorder/client.js';
import { DEFAULT_REDACTED_QUERY_PARAMS } from '../../semconv/defaults.js';
import type { ConnEnds } from '../../source/connection/ends.js';
import type { RequestTrace } from '../../source/request-trace.js';
import { RequestCounter } from '../../status/request-counter.js';
import { present, type RequestReport } from '../report/request-report.js';
import { type Answer, headerFields } from '../send/answer.js';
import { type Hop, redirectTarget } from '../send/hop.js';
import { type RecordedSpan, RecordingTracer } from './recorded-span.js';
import { HopView } from './request-view.js';
import { drawnConfig, sentConfig, spanOutputs } from './settings.js';

const REDACTED_QUERY_PARAMS = compileRedactedQueryParams(DEFAULT_REDACTED_QUERY_PARAMS);

/** Records requests as an instrumentation does, and keeps their spans. */
export class RequestTracer {
  private readonly drawn: ClientTelemetry;
  private readonly sent: ClientTelemetry | undefined;
  private last: RecordedSpan | undefined;

  /** @param sending Makes the spans to send; `undefined` if none are sent. */
  constructor(sending?: Tracer) {
    const ended = (span: RecordedSpan): void => {
      this.last = span;
    };
    this.drawn = new ClientTelemetry(drawnConfig(), spanOutputs(new RecordingTracer({ ended })));
    this.sent = sending && new ClientTelemetry(sentConfig(), spanOutputs(sending));
  }

  begin(hop: Hop): TracedRequest {
    const own = { ...hop, headers: [...hop.headers] };
    const [view, at] = [new HopView(own), now()];
    const drawn = this.drawn.begin(view, context.active(), at, new RequestCounter());
    const sent = this.sent?.begin(view, context.active(), at, new RequestCounter());
    if (drawn === undefined) {
      throw new Error('a request was not recorded');
    }
    return new TracedRequest(own, drawn, sent, () => this.ended());
  }

  /** The span of the record that has just ended. */
  private ended(): RecordedSpan {
    if (this.last === undefined) {
      throw new Error('a request has left no span');
    }
    return this.last;
  }
}

/** One request, and its report when it is over. */
export class TracedRequest {
  readonly hop: Hop;
  readonly trace: RequestTrace;
  answer: Answer | undefined;
  /** The connection of the request; `undefined` if it had none. */
  conn: Socket | undefined;
  receivedBytes = 0;
  private readonly record: ClientRecord;
  private readonly told: RequestTrace;
  private readonly takeSpan: () => RecordedSpan;
  private span: RecordedSpan | undefined;
  private unverified = false;
  private givenUp: string | undefined;

  /**
   * @param record The record to draw.
   * @param sent The record to send; `undefined` if nothing is sent.
   */
  constructor(hop: Hop, record: ClientRecord, sent: RequestTrace | undefined, takeSpan: () => RecordedSpan) {
    this.hop = hop;
    this.record = record;
    this.told = sent === undefined ? record : joinTraces(record, sent);
    this.takeSpan = takeSpan;
    this.trace = joinTraces(this.told, this.noticed());
    this.told.getConn?.(originOf(hop.url.origin).hostPort);
  }

  gotAnswer(answer: Answer): void {
    this.answer = answer;
    this.told.gotResponse?.({ statusCode: answer.status, headers: answer.headers });
  }

  gotBody(bytes: number): void {
    this.receivedBytes += bytes;
    this.told.gotBodyChunk?.(bytes);
  }

  /** Called when the answer is complete. */
  ended(): void {
    this.told.ended?.();
    this.span = this.takeSpan();
  }

  /** @param givenUp The word for the request if the user gave it up. */
  failed(error: unknown, givenUp?: string): void {
    this.givenUp = givenUp;
    this.told.failed?.(error);
    this.span = this.takeSpan();
  }

  /** Where the connection leads. */
  get ends(): ConnEnds | undefined {
    return this.record.ends;
  }

  /** Whether the user gave it up. */
  get isInterrupted(): boolean {
    return this.givenUp !== undefined;
  }

  get finishedSpan(): RecordedSpan {
    if (this.span === undefined) {
      throw new Error('the request is under way');
    }
    return this.span;
  }

  /** @param withHead Whether the report has the head of the response. */
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

  /** A trace that notes facts which no span has. */
  private noticed(): RequestTrace {
    return {
      tlsHandshakeDone: (state, err) => {
        this.unverified = isUnverified(state, err);
      },
      gotConn: ({ conn }) => {
        this.conn = conn;
      },
    };
  }
}

function isUnverified({ authorized }: TLSConnectionState, err: Error | undefined): boolean {
  return err === undefined && !authorized;
}
