import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode, trace } from '../../api.js';
import type { Origin } from '../../origin.js';
import type { ClientRecord } from '../../recorder/client.js';
import type { ClientFact, NotedHooks } from '../../recorder/client-facts.js';
import {
  ATTR_DNS_QUESTION_NAME,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  PHASE_SPANS,
} from '../../semconv/semconv.js';
import { errorMessage, errorType } from '../http/error.js';
import type { BodySizes } from './body-sizes.js';
import {
  connAttributes,
  connectAttributes,
  dnsAttributes,
  serverAttributes,
  sniAttributes,
  tlsAttributes,
} from './events.js';
import { type ClientVerdict, lastPhase, type PhaseName, phaseEnd, phaseStart } from './outcome.js';
import type { SpanClock } from './start.js';

/** What the spans of a request's phases need beyond the record. */
export interface PhaseSpansContext {
  readonly tracer: Tracer;
  readonly clock: SpanClock;
  readonly server: Origin;
  readonly hooks: NotedHooks;
  /** A phase is wanted if one of the two hooks at its ends is. */
  readonly wanted: Readonly<Record<PhaseName, boolean>>;
  /** Names of the opt-in attributes that are wanted. */
  readonly optIn: ReadonlySet<string>;
  readonly sizes: BodySizes;
  readonly verdict: ClientVerdict;
}

/** Why a phase failed. */
interface Failure {
  readonly type: string;
  readonly message: string | undefined;
}

/** A phase that becomes a span. */
interface PhaseSpan {
  readonly phase: PhaseName;
  readonly start: number;
  readonly end: number;
  readonly attributes: Attributes;
  readonly failure: Failure | undefined;
}

/** Makes the phases of a finished request spans below the span of the request, in order of their start. */
export function emitPhaseSpans(about: PhaseSpansContext, record: ClientRecord, parent: Span): void {
  const failure = failureOf(about.verdict);
  const spans = [...exchangeOf(about, record, failure), ...dialOf(about, record, failure)]
    // A phase that did not happen has `NaN` as start or end, and every comparison with `NaN` is false.
    .filter(({ phase, start, end }) => about.wanted[phase] && end >= start)
    .sort((a, b) => a.start - b.start);
  const ofRequest = trace.setSpan(record.context, parent);
  const getconn = spans.find(({ phase }) => phase === 'getconn');
  let ofGetconn = ofRequest;
  for (const span of spans) {
    const made = emit(about, span, isPartOf(span, getconn) ? ofGetconn : ofRequest);
    if (span === getconn) {
      ofGetconn = trace.setSpan(ofRequest, made);
    }
  }
}

/** A dial that goes on after its request got another connection is no part of the wait for that connection. */
function isPartOf({ phase, end }: PhaseSpan, getconn: PhaseSpan | undefined): boolean {
  return (
    (phase === 'dns' || phase === 'connect' || phase === 'tls') && getconn !== undefined && end <= getconn.end
  );
}

function emit({ tracer, clock }: PhaseSpansContext, span: PhaseSpan, parent: Context): Span {
  const { phase, start, end, attributes, failure } = span;
  if (failure !== undefined) {
    attributes[ATTR_ERROR_TYPE] = failure.type;
  }
  const options = { kind: SpanKind.INTERNAL, attributes, startTime: clock.timeBelowAt(start) };
  const made = tracer.startSpan(PHASE_SPANS[phase], options, parent);
  if (failure !== undefined) {
    made.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
  }
  made.end(clock.timeBelowAt(end));
  return made;
}

function failureOf({ failure, message }: ClientVerdict): Failure | undefined {
  return failure === undefined ? undefined : { type: failure, message };
}

/** The phases that follow one another, from the call to the end of the response. */
function exchangeOf(
  about: PhaseSpansContext,
  record: ClientRecord,
  failure: Failure | undefined,
): PhaseSpan[] {
  const { sizes, verdict } = about;
  const last = failure === undefined ? undefined : lastPhase(record);
  const at = (phase: PhaseName, attributes: Attributes): PhaseSpan => ({
    phase,
    start: phaseStart(record, phase),
    end: phaseEnd(record, phase, verdict.cutAt),
    attributes,
    failure: phase === last ? failure : undefined,
  });
  return [
    // Any failure before the request had a connection is a failure to get one.
    {
      ...at('getconn', getConnAttributes(about, record)),
      failure: record.wasSent ? undefined : failure,
    },
    at('send', sizeAttributes(ATTR_HTTP_REQUEST_BODY_SIZE, sizes.request)),
    at('wait', {}),
    at('receive', sizeAttributes(ATTR_HTTP_RESPONSE_BODY_SIZE, sizes.response)),
  ];
}

function getConnAttributes({ hooks, server }: PhaseSpansContext, { conn, ends }: ClientRecord): Attributes {
  const attributes = hooks.getConn ? serverAttributes(server) : {};
  return conn !== undefined && ends !== undefined && hooks.gotConn
    ? Object.assign(attributes, connAttributes({ info: conn, ends }))
    : attributes;
}

function sizeAttributes(name: string, size: number | undefined): Attributes {
  return size === undefined ? {} : { [name]: size };
}

type FactOf<Hook extends ClientFact['hook']> = Extract<ClientFact, { readonly hook: Hook }>;
type DialStart = FactOf<'dnsStart' | 'connectStart' | 'tlsHandshakeStart'>;
type DialDone = FactOf<'dnsDone' | 'connectDone' | 'tlsHandshakeDone'>;

const PHASE_OF: Readonly<Record<(DialStart | DialDone)['hook'], PhaseName>> = {
  dnsStart: 'dns',
  dnsDone: 'dns',
  connectStart: 'connect',
  connectDone: 'connect',
  tlsHandshakeStart: 'tls',
  tlsHandshakeDone: 'tls',
};

/** Each lookup, tried address and handshake. One that is still open was cut off together with the request. */
function dialOf(about: PhaseSpansContext, record: ClientRecord, failure: Failure | undefined): PhaseSpan[] {
  const spans: PhaseSpan[] = [];
  const open: DialStart[] = [];
  for (const fact of record.facts) {
    switch (fact.hook) {
      case 'dnsStart':
      case 'connectStart':
      case 'tlsHandshakeStart':
        open.push(fact);
        break;
      case 'dnsDone':
      case 'connectDone':
      case 'tlsHandshakeDone':
        spans.push(...finished(about, open, fact));
    }
  }
  if (!record.wasSent) {
    const { cutAt } = about.verdict;
    spans.push(...open.map((start) => spanOf(start, cutAt, startAttributes(about, start), failure)));
  }
  return spans;
}

/** The phase that this fact ends, in an array; an empty one if no start of it is known. */
function finished(about: PhaseSpansContext, open: DialStart[], done: DialDone): PhaseSpan[] {
  const index = open.findIndex((start) => isEndOf(done, start));
  const begun = index < 0 ? [] : open.splice(index, 1);
  const err = done.hook === 'dnsDone' ? done.info.err : done.err;
  const failure = err && { type: errorType(err), message: errorMessage(err) };
  return begun.map((start) => {
    const attributes = { ...startAttributes(about, start), ...doneAttributes(about, done) };
    return spanOf(start, done.at, attributes, failure);
  });
}

function spanOf(
  start: DialStart,
  end: number,
  attributes: Attributes,
  failure: Failure | undefined,
): PhaseSpan {
  return { phase: PHASE_OF[start.hook], start: start.at, end, attributes, failure };
}

/** Several addresses may be dialled at a time, so a dial is matched by its address. */
function isEndOf(done: DialDone, start: DialStart): boolean {
  return (
    PHASE_OF[done.hook] === PHASE_OF[start.hook] &&
    (done.hook !== 'connectDone' || start.hook !== 'connectStart' || done.addr === start.addr)
  );
}

function startAttributes({ hooks, server }: PhaseSpansContext, start: DialStart): Attributes {
  switch (start.hook) {
    case 'dnsStart':
      return { [ATTR_DNS_QUESTION_NAME]: start.host };
    case 'connectStart':
      return connectAttributes(start);
    case 'tlsHandshakeStart':
      return (hooks.tlsHandshakeStart && sniAttributes(start.serverName ?? server.address)) || {};
  }
}

function doneAttributes({ hooks, optIn }: PhaseSpansContext, done: DialDone): Attributes {
  switch (done.hook) {
    case 'dnsDone':
      return hooks.dnsDone ? dnsAttributes(done) : {};
    case 'connectDone':
      return {};
    case 'tlsHandshakeDone':
      return hooks.tlsHandshakeDone ? tlsAttributes(done, optIn) : {};
  }
}
