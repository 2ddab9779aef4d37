import { isIP } from 'node:net';
import type { Attributes, Span, TimeInput } from '@opentelemetry/api';
import { toSeconds } from '../../clock.js';
import type { Origin } from '../../origin.js';
import type { ClientRecord } from '../../recorder/client.js';
import type { ClientFact, NotedHooks } from '../../recorder/client-facts.js';
import {
  ATTR_DNS_ANSWERS,
  ATTR_DNS_QUESTION_NAME,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_CONN_IDLETIME,
  ATTR_HTTP_CONN_REUSED,
  ATTR_HTTP_CONN_WASIDLE,
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  EVENT_GOT_1XX,
  EVENT_GOT_100_CONTINUE,
  EVENT_GOT_100_WAIT,
  EVENT_HTTP_CONNECT_DONE,
  EVENT_HTTP_CONNECT_START,
  EVENT_HTTP_DNS_DONE,
  EVENT_HTTP_DNS_START,
  EVENT_HTTP_GETCONN_DONE,
  EVENT_HTTP_GETCONN_START,
  EVENT_HTTP_RECEIVE_DONE,
  EVENT_HTTP_RECEIVE_START,
  EVENT_HTTP_SEND_DONE,
  EVENT_HTTP_SEND_START,
  EVENT_HTTP_TLS_DONE,
  EVENT_HTTP_TLS_START,
} from '../../semconv/semconv.js';
import { addDialledAddress, addServer, addTLSState } from '../http/attributes.js';
import { addServerCertificate } from '../http/certificate.js';
import { errorType } from '../http/error.js';
import { addConn } from './attributes.js';
import type { BodySizes } from './body-sizes.js';
import type { ClientVerdict } from './outcome.js';
import type { SpanClock } from './start.js';

/** What the events of a request need beyond the facts. */
export interface EventContext {
  readonly clock: SpanClock;
  readonly server: Origin;
  readonly asked: NotedHooks;
  /** Names of the opt-in attributes that are wanted. */
  readonly optIn: ReadonlySet<string>;
  /** Bytes of the bodies; `undefined` where not asked for. */
  readonly sizes: BodySizes;
  readonly verdict: ClientVerdict;
}

/**
 * Adds an event to the span for each fact, at the time of the fact. The events of the phase that ends with the request come
 * last: Go's hooks do not tell of them.
 */
export function addEvents(
  span: Span,
  facts: readonly ClientFact[],
  record: ClientRecord,
  about: EventContext,
): void {
  const { clock, asked, sizes, verdict } = about;
  let at = Number.NaN;
  let time: TimeInput = 0;
  for (const fact of facts) {
    // Facts of one moment often follow each other, so their time is converted once.
    if (fact.at !== at) {
      at = fact.at;
      time = clock.timeAt(at);
    }
    addEvent(span, fact, about, time);
  }
  const { failure, cancelled, endedAt } = verdict;
  if (failure !== undefined && asked.gotConn && !record.wasSent) {
    // Without a connection there was no `gotConn`, but the phase is over.
    span.addEvent(EVENT_HTTP_GETCONN_DONE, { [ATTR_ERROR_TYPE]: failure }, clock.timeAt(endedAt));
  }
  if (asked.putIdleConn && !cancelled && !Number.isNaN(record.responseAt)) {
    const attributes =
      failure === undefined && sizes.response === undefined
        ? undefined
        : receiveAttributes(sizes.response, failure);
    span.addEvent(EVENT_HTTP_RECEIVE_DONE, attributes, clock.timeAt(endedAt));
  }
}

/** Whether a fact is neither start nor end of a phase. Such a fact stays an event where the phases are spans. */
export function isMoment({ hook }: ClientFact): boolean {
  return hook === 'got1xxResponse' || hook === 'wait100Continue' || hook === 'got100Continue';
}

// The facts of every request come first. Looking up names by hook in a table would take longer than the whole switch.
function addEvent(span: Span, fact: ClientFact, about: EventContext, at: TimeInput): void {
  switch (fact.hook) {
    case 'getConn':
      span.addEvent(EVENT_HTTP_GETCONN_START, serverAttributes(about.server), at);
      break;
    case 'gotConn':
      span.addEvent(EVENT_HTTP_GETCONN_DONE, connAttributes(fact), at);
      break;
    case 'wroteHeaders':
      span.addEvent(EVENT_HTTP_SEND_START, undefined, at);
      break;
    case 'wroteRequest':
      if (fact.err !== undefined || about.sizes.request !== undefined) {
        addSendDone(span, fact, about, at);
      } else {
        span.addEvent(EVENT_HTTP_SEND_DONE, undefined, at);
      }
      break;
    case 'gotFirstResponseByte':
      span.addEvent(EVENT_HTTP_RECEIVE_START, undefined, at);
      break;
    case 'dnsStart':
      span.addEvent(EVENT_HTTP_DNS_START, { [ATTR_DNS_QUESTION_NAME]: fact.host }, at);
      break;
    case 'dnsDone':
      span.addEvent(EVENT_HTTP_DNS_DONE, dnsAttributes(fact), at);
      break;
    case 'connectStart':
      span.addEvent(EVENT_HTTP_CONNECT_START, connectAttributes(fact), at);
      break;
    case 'connectDone':
      span.addEvent(EVENT_HTTP_CONNECT_DONE, withError(connectAttributes(fact), fact.err), at);
      break;
    case 'tlsHandshakeStart':
      span.addEvent(EVENT_HTTP_TLS_START, sniAttributes(fact.serverName ?? about.server.address), at);
      break;
    case 'tlsHandshakeDone':
      span.addEvent(EVENT_HTTP_TLS_DONE, tlsAttributes(fact, about.optIn), at);
      break;
    case 'got1xxResponse':
      span.addEvent(EVENT_GOT_1XX, { [ATTR_HTTP_RESPONSE_STATUS_CODE]: fact.code }, at);
      break;
    case 'wait100Continue':
      span.addEvent(EVENT_GOT_100_WAIT, undefined, at);
      break;
    case 'got100Continue':
      span.addEvent(EVENT_GOT_100_CONTINUE, undefined, at);
  }
}

/** Attributes of the end of the response. */
function receiveAttributes(bodySize: number | undefined, errorType: string | undefined): Attributes {
  const attributes: Attributes = {};
  if (bodySize !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_BODY_SIZE] = bodySize;
  }
  if (errorType !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType;
  }
  return attributes;
}

type FactOf<Hook extends ClientFact['hook']> = Extract<ClientFact, { readonly hook: Hook }>;

function addSendDone(span: Span, { err }: FactOf<'wroteRequest'>, about: EventContext, at: TimeInput): void {
  const { verdict, sizes } = about;
  if (err === undefined) {
    span.addEvent(EVENT_HTTP_SEND_DONE, { [ATTR_HTTP_REQUEST_BODY_SIZE]: sizes.request }, at);
  } else if (!verdict.cancelled) {
    // A failed write fails the request, whose reason may be more exact than the error of the write. A write that the
    // caller cut short did not fail, and has no end.
    span.addEvent(EVENT_HTTP_SEND_DONE, { [ATTR_ERROR_TYPE]: verdict.failure ?? errorType(err) }, at);
  }
}

export function serverAttributes(server: Origin): Attributes {
  const attributes: Attributes = {};
  addServer(attributes, server);
  return attributes;
}

export function connAttributes({ info, ends }: Pick<FactOf<'gotConn'>, 'info' | 'ends'>): Attributes {
  const { reused, wasIdle, idleTime } = info;
  const attributes: Attributes = {};
  addConn(attributes, ends);
  attributes[ATTR_HTTP_CONN_REUSED] = reused;
  attributes[ATTR_HTTP_CONN_WASIDLE] = wasIdle;
  if (wasIdle && !Number.isNaN(idleTime)) {
    attributes[ATTR_HTTP_CONN_IDLETIME] = toSeconds(idleTime);
  }
  return attributes;
}

export function dnsAttributes({ host, info }: FactOf<'dnsDone'>): Attributes {
  const attributes: Attributes = { [ATTR_DNS_QUESTION_NAME]: host };
  if (info.addrs.length > 0) {
    attributes[ATTR_DNS_ANSWERS] = info.addrs.map(({ address }) => address);
  }
  return withError(attributes, info.err);
}

export function connectAttributes({
  network,
  addr,
}: FactOf<'connectStart'> | FactOf<'connectDone'>): Attributes {
  const attributes: Attributes = {};
  addDialledAddress(attributes, network, addr);
  return attributes;
}

/** The server name that TLS sends; `undefined` for an address, which is never sent. */
export function sniAttributes(name: string | undefined): Attributes | undefined {
  return !name || isIP(name) !== 0 ? undefined : { [ATTR_SERVER_ADDRESS]: name };
}

export function tlsAttributes(
  { state, certificate, curve, err }: FactOf<'tlsHandshakeDone'>,
  optIn: ReadonlySet<string>,
): Attributes {
  const attributes: Attributes = {};
  addTLSState(attributes, state, { established: err === undefined, curve });
  if (certificate !== undefined) {
    addServerCertificate(attributes, certificate, optIn);
  }
  return withError(attributes, err);
}

function withError(attributes: Attributes, err: Error | undefined): Attributes {
  if (err !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType(err);
  }
  return attributes;
}
