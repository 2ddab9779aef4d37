import { isIP, type Socket } from 'node:net';
import type { Attributes, Span, TimeInput } from '@opentelemetry/api';
import type { ClientFact } from '../recorder/client-facts.js';
import { unixPathOf } from '../source/dial.js';
import {
  addDialledAddress,
  addNetworkLocal,
  addNetworkPeer,
  addTLSState,
  protocolVersionOfAlpn,
} from './attributes.js';
import { addServerCertificate } from './certificate.js';
import type { ClientVerdict } from './client-verdict.js';
import { errorType } from './error.js';
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
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
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
} from './semconv.js';
import type { RequestedServer } from './server-address.js';
import type { SpanClock } from './span-clock.js';

/** What the events of a request need beyond its facts. */
export interface EventContext {
  readonly clock: SpanClock;
  readonly server: RequestedServer;
  /** Names of the opt-in attributes that are wanted. */
  readonly optIn: ReadonlySet<string>;
  /** Bytes of the request's body, if they were asked for. */
  readonly requestBodySize: number | undefined;
  readonly verdict: ClientVerdict;
}

type EventHook = ClientFact['hook'];

const EVENT_NAMES: Readonly<Record<EventHook, string>> = {
  getConn: EVENT_HTTP_GETCONN_START,
  gotConn: EVENT_HTTP_GETCONN_DONE,
  dnsStart: EVENT_HTTP_DNS_START,
  dnsDone: EVENT_HTTP_DNS_DONE,
  connectStart: EVENT_HTTP_CONNECT_START,
  connectDone: EVENT_HTTP_CONNECT_DONE,
  tlsHandshakeStart: EVENT_HTTP_TLS_START,
  tlsHandshakeDone: EVENT_HTTP_TLS_DONE,
  wroteHeaders: EVENT_HTTP_SEND_START,
  wait100Continue: EVENT_GOT_100_WAIT,
  got100Continue: EVENT_GOT_100_CONTINUE,
  got1xxResponse: EVENT_GOT_1XX,
  wroteRequest: EVENT_HTTP_SEND_DONE,
  gotFirstResponseByte: EVENT_HTTP_RECEIVE_START,
};

/** Adds the event of each fact to the span, at the time at which it happened. */
export function addPhaseEvents(span: Span, facts: readonly ClientFact[], about: EventContext): void {
  for (const fact of facts) {
    if (about.verdict.cancelled && fact.hook === 'wroteRequest' && fact.err !== undefined) {
      // Cut short by the caller, writing did not fail: it was left open.
      continue;
    }
    span.addEvent(EVENT_NAMES[fact.hook], attributesOf(fact, about), about.clock.timeAt(fact.at));
  }
}

/** No connection could be had: there is no `gotConn`, but the phase is over. */
export function addGetConnFailed(span: Span, type: string, at: TimeInput): void {
  span.addEvent(EVENT_HTTP_GETCONN_DONE, { [ATTR_ERROR_TYPE]: type }, at);
}

/** The body is complete, or was cut off. */
export function addReceiveDone(
  span: Span,
  bodySize: number | undefined,
  errorType: string | undefined,
  at: TimeInput,
): void {
  const attributes: Attributes = {};
  if (bodySize !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_BODY_SIZE] = bodySize;
  }
  if (errorType !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType;
  }
  span.addEvent(EVENT_HTTP_RECEIVE_DONE, attributes, at);
}

function attributesOf(fact: ClientFact, about: EventContext): Attributes | undefined {
  switch (fact.hook) {
    case 'getConn':
      return serverAttributes(about.server);
    case 'gotConn':
      return connAttributes(fact);
    case 'dnsStart':
      return { [ATTR_DNS_QUESTION_NAME]: fact.host };
    case 'dnsDone':
      return dnsAttributes(fact);
    case 'connectStart':
    case 'connectDone':
      return connectAttributes(fact);
    case 'tlsHandshakeStart':
      return sniAttributes(fact.serverName ?? about.server.address);
    case 'tlsHandshakeDone':
      return tlsAttributes(fact, about.optIn);
    case 'got1xxResponse':
      return { [ATTR_HTTP_RESPONSE_STATUS_CODE]: fact.code };
    case 'wroteRequest':
      return wroteAttributes(fact.err, about);
    default:
      return undefined;
  }
}

type FactOf<Hook extends EventHook> = Extract<ClientFact, { readonly hook: Hook }>;

export function serverAttributes({ address, port }: RequestedServer): Attributes {
  const attributes: Attributes = {};
  if (address !== undefined) {
    attributes[ATTR_SERVER_ADDRESS] = address;
    if (port !== undefined) {
      attributes[ATTR_SERVER_PORT] = port;
    }
  }
  return attributes;
}

function connAttributes({ info, ends }: FactOf<'gotConn'>): Attributes {
  const { conn, reused, wasIdle, idleTime } = info;
  const attributes: Attributes = {};
  addNetworkPeer(attributes, ends, unixPathOf(conn));
  addNetworkLocal(attributes, ends);
  attributes[ATTR_NETWORK_PROTOCOL_VERSION] = connProtocolVersion(conn);
  attributes[ATTR_HTTP_CONN_REUSED] = reused;
  attributes[ATTR_HTTP_CONN_WASIDLE] = wasIdle;
  if (wasIdle) {
    attributes[ATTR_HTTP_CONN_IDLETIME] = idleTime / 1000;
  }
  return attributes;
}

/** `network.protocol.version` of a connection: only TLS can have agreed on another than HTTP/1.1. */
export function connProtocolVersion(conn: Socket & { alpnProtocol?: string | false | null }): string {
  return protocolVersionOfAlpn(conn.alpnProtocol);
}

export function dnsAttributes({ host, info }: FactOf<'dnsDone'>): Attributes {
  const attributes: Attributes = { [ATTR_DNS_QUESTION_NAME]: host };
  if (info.addrs.length > 0) {
    attributes[ATTR_DNS_ANSWERS] = info.addrs.map(({ address }) => address);
  }
  return withError(attributes, info.err);
}

function connectAttributes(fact: FactOf<'connectStart'> | FactOf<'connectDone'>): Attributes {
  const attributes: Attributes = {};
  addDialledAddress(attributes, fact.network, fact.addr);
  return fact.hook === 'connectDone' ? withError(attributes, fact.err) : attributes;
}

/** The name that is sent to the server; an address is never sent. */
export function sniAttributes(name: string | undefined): Attributes | undefined {
  return !name || isIP(name) !== 0 ? undefined : { [ATTR_SERVER_ADDRESS]: name };
}

function tlsAttributes(
  { state, curve, err }: FactOf<'tlsHandshakeDone'>,
  optIn: ReadonlySet<string>,
): Attributes {
  const attributes: Attributes = {};
  addTLSState(attributes, state, { established: err === undefined, curve });
  if (optIn.size > 0 && state.peerCertificate !== undefined) {
    addServerCertificate(attributes, state.peerCertificate, optIn);
  }
  return withError(attributes, err);
}

function wroteAttributes(
  err: Error | undefined,
  { verdict, requestBodySize }: EventContext,
): Attributes | undefined {
  if (err !== undefined) {
    // Failing to write fails the request, and that may have been given another reason than an error.
    return { [ATTR_ERROR_TYPE]: verdict.failure ?? errorType(err) };
  }
  return requestBodySize === undefined ? undefined : { [ATTR_HTTP_REQUEST_BODY_SIZE]: requestBodySize };
}

function withError(attributes: Attributes, err: Error | undefined): Attributes {
  if (err !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType(err);
  }
  return attributes;
}
