import type { Attributes } from '@opentelemetry/api';
import { toSeconds } from '../../clock.js';
import type { Origin } from '../../origin.js';
import type { ClientRecord } from '../../recorder/client.js';
import { lastPhase, phaseDuration } from '../../recorder/phases.js';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_CONN_REUSED,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTPTRACE_CANCELLED_PHASE,
  ATTR_HTTPTRACE_CONNECT_DURATION,
  ATTR_HTTPTRACE_DNS_DURATION,
  ATTR_HTTPTRACE_FAILED_PHASE,
  ATTR_HTTPTRACE_GETCONN_DURATION,
  ATTR_HTTPTRACE_RECEIVE_DURATION,
  ATTR_HTTPTRACE_SEND_DURATION,
  ATTR_HTTPTRACE_TLS_DURATION,
  ATTR_HTTPTRACE_WAIT_DURATION,
  ATTR_NETWORK_TRANSPORT,
  ATTR_URL_FULL,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
  ATTR_USER_AGENT_SYNTHETIC_TYPE,
} from '../../semconv/semconv.js';
import { addServer } from '../http/attributes.js';
import type { RecordedMethod } from '../http/method.js';
import { fullUrl } from '../http/url.js';
import { syntheticType } from '../http/user-agent.js';
import { addConnPeer, describeConn } from './described-conn.js';
import type { ClientSettings } from './settings.js';
import { type ClientVerdict, cutAt } from './verdict.js';
import type { ClientRequestView } from './views/view.js';

/** What is known when the request is made: samplers see these. */
export function startAttributes(
  view: ClientRequestView,
  { method, original }: RecordedMethod,
  server: Origin,
  { redactedQueryParams, optIn }: ClientSettings,
): Attributes {
  const attributes: Attributes = {};
  attributes[ATTR_HTTP_REQUEST_METHOD] = method;
  attributes[ATTR_URL_FULL] = fullUrl(view.origin, view.target + view.fragment, redactedQueryParams);
  addServer(attributes, server);
  if (original !== undefined) {
    attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = original;
  }
  if (optIn.size > 0) {
    addOptInsAtStart(attributes, view, server, optIn);
  }
  return attributes;
}

function addOptInsAtStart(
  attributes: Attributes,
  view: ClientRequestView,
  server: Origin,
  optIn: ReadonlySet<string>,
): void {
  if (optIn.has(ATTR_URL_SCHEME) && server.scheme !== '') {
    attributes[ATTR_URL_SCHEME] = server.scheme;
  }
  const userAgent = view.userAgent;
  if (userAgent) {
    if (optIn.has(ATTR_USER_AGENT_ORIGINAL)) {
      attributes[ATTR_USER_AGENT_ORIGINAL] = userAgent;
    }
    const synthetic = optIn.has(ATTR_USER_AGENT_SYNTHETIC_TYPE) ? syntheticType(userAgent) : undefined;
    if (synthetic !== undefined) {
      attributes[ATTR_USER_AGENT_SYNTHETIC_TYPE] = synthetic;
    }
  }
}

/** What is known when the request is over and any instrumentation of a client records. */
export function addSharedAttributes(
  attributes: Attributes,
  { conn, ends }: ClientRecord,
  statusCode: number | undefined,
  { errorType }: ClientVerdict,
  { optIn }: ClientSettings,
): void {
  if (statusCode !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode;
  }
  if (errorType !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType;
  }
  if (conn === undefined || ends === undefined) {
    return;
  }
  const description = describeConn(conn.conn, ends);
  addConnPeer(attributes, description);
  if (optIn.has(ATTR_NETWORK_TRANSPORT)) {
    attributes[ATTR_NETWORK_TRANSPORT] = description.transport;
  }
}

/** What only we know when the request is over. */
export function addOurAttributes(
  attributes: Attributes,
  record: ClientRecord,
  verdict: ClientVerdict,
  { config, durations }: ClientSettings,
): void {
  if (record.conn !== undefined && config.hooks.gotConn) {
    attributes[ATTR_HTTP_CONN_REUSED] = record.conn.reused;
  }
  addPhaseDurations(attributes, record, cutAt(verdict), durations);
  if (verdict.failure !== undefined) {
    attributes[ATTR_HTTPTRACE_FAILED_PHASE] = lastPhase(record);
  } else if (verdict.cancelled) {
    attributes[ATTR_HTTPTRACE_CANCELLED_PHASE] = lastPhase(record);
  }
}

/** Name by name: a store under a name that varies takes many times as long. What did not happen is `NaN`. */
function addPhaseDurations(
  attributes: Attributes,
  record: ClientRecord,
  cut: number,
  wanted: ClientSettings['durations'],
): void {
  const getconn = phaseDuration(record, 'getconn', cut);
  if (getconn >= 0 && wanted.getconn) {
    attributes[ATTR_HTTPTRACE_GETCONN_DURATION] = toSeconds(getconn);
  }
  if (record.dial !== undefined) {
    addDialDurations(attributes, record, cut, wanted);
  }
  const send = phaseDuration(record, 'send', cut);
  if (send >= 0 && wanted.send) {
    attributes[ATTR_HTTPTRACE_SEND_DURATION] = toSeconds(send);
  }
  const wait = phaseDuration(record, 'wait', cut);
  if (wait >= 0 && wanted.wait) {
    attributes[ATTR_HTTPTRACE_WAIT_DURATION] = toSeconds(wait);
  }
  const receive = phaseDuration(record, 'receive', cut);
  if (receive >= 0 && wanted.receive) {
    attributes[ATTR_HTTPTRACE_RECEIVE_DURATION] = toSeconds(receive);
  }
}

function addDialDurations(
  attributes: Attributes,
  record: ClientRecord,
  cut: number,
  wanted: ClientSettings['durations'],
): void {
  const dns = phaseDuration(record, 'dns', cut);
  if (dns >= 0 && wanted.dns) {
    attributes[ATTR_HTTPTRACE_DNS_DURATION] = toSeconds(dns);
  }
  const connect = phaseDuration(record, 'connect', cut);
  if (connect >= 0 && wanted.connect) {
    attributes[ATTR_HTTPTRACE_CONNECT_DURATION] = toSeconds(connect);
  }
  const tls = phaseDuration(record, 'tls', cut);
  if (tls >= 0 && wanted.tls) {
    attributes[ATTR_HTTPTRACE_TLS_DURATION] = toSeconds(tls);
  }
}
