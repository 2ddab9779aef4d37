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

/** One by one: a loop over their names takes six times as long. What did not happen is `NaN`. */
function addPhaseDurations(
  attributes: Attributes,
  record: ClientRecord,
  cut: number,
  wanted: ClientSettings['durations'],
): void {
  if (wanted.getconn) {
    addDuration(attributes, ATTR_HTTPTRACE_GETCONN_DURATION, phaseDuration(record, 'getconn', cut));
  }
  if (record.dial !== undefined) {
    addDialDurations(attributes, record, cut, wanted);
  }
  if (wanted.send) {
    addDuration(attributes, ATTR_HTTPTRACE_SEND_DURATION, phaseDuration(record, 'send', cut));
  }
  if (wanted.wait) {
    addDuration(attributes, ATTR_HTTPTRACE_WAIT_DURATION, phaseDuration(record, 'wait', cut));
  }
  if (wanted.receive) {
    addDuration(attributes, ATTR_HTTPTRACE_RECEIVE_DURATION, phaseDuration(record, 'receive', cut));
  }
}

function addDialDurations(
  attributes: Attributes,
  record: ClientRecord,
  cut: number,
  wanted: ClientSettings['durations'],
): void {
  if (wanted.dns) {
    addDuration(attributes, ATTR_HTTPTRACE_DNS_DURATION, phaseDuration(record, 'dns', cut));
  }
  if (wanted.connect) {
    addDuration(attributes, ATTR_HTTPTRACE_CONNECT_DURATION, phaseDuration(record, 'connect', cut));
  }
  if (wanted.tls) {
    addDuration(attributes, ATTR_HTTPTRACE_TLS_DURATION, phaseDuration(record, 'tls', cut));
  }
}

function addDuration(attributes: Attributes, name: string, ms: number): void {
  if (ms >= 0) {
    attributes[name] = toSeconds(ms);
  }
}
