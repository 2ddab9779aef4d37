import type { Attributes } from '@opentelemetry/api';
import { toSeconds } from '../../clock.js';
import { isAbsolute, type Origin } from '../../origin.js';
import type { ClientRecord } from '../../recorder/client.js';
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
  ATTR_NETWORK_LOCAL_ADDRESS,
  ATTR_NETWORK_LOCAL_PORT,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_NETWORK_TRANSPORT,
  ATTR_URL_FULL,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
  ATTR_USER_AGENT_SYNTHETIC_TYPE,
  NETWORK_TRANSPORT_VALUE_TCP,
} from '../../semconv/semconv.js';
import type { ConnEnds } from '../../source/connection/ends.js';
import { addServer, localTransport } from '../http/attributes.js';
import { type RedactedQueryParams, redactTarget, redactUrl } from '../http/redaction.js';
import { syntheticType } from '../http/user-agent.js';
import { type ClientVerdict, exchangeEnds, lastPhase, phaseDuration } from './outcome.js';
import type { ClientSettings } from './settings.js';
import type { ClientStart } from './start.js';
import type { ClientRequestView } from './views/view.js';

/** The attributes that are known when the request is made. Samplers see them. */
export function startAttributes(
  { view, method, server, settings }: ClientStart,
  originalMethod: string | undefined,
): Attributes {
  const { redactedQueryParams, optIn } = settings;
  const attributes: Attributes = {};
  attributes[ATTR_HTTP_REQUEST_METHOD] = method;
  attributes[ATTR_URL_FULL] = fullUrl(view.origin, view.target + view.fragment, redactedQueryParams);
  addServer(attributes, server);
  if (originalMethod !== undefined) {
    attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = originalMethod;
  }
  if (optIn.size > 0) {
    addOptInsAtStart(attributes, view, server, optIn);
  }
  return attributes;
}

/**
 * The URL that a request asks for, redacted: `url.full`.
 *
 * The parts are joined as text. Resolving a target as a URL would lose the first segment of `//a/b`, and serializing it
 * again would change escapes, order and duplicates.
 *
 * @param origin Where the request is sent.
 * @param target Request target as written to the wire: origin-form, absolute-form or `*`.
 * @internal Exported for its tests.
 */
export function fullUrl(origin: Origin, target: string, params: RedactedQueryParams): string {
  if (target.startsWith('/')) {
    return origin.redacted + (target.includes('?') ? redactTarget(target, params) : target);
  }
  return isAbsolute(target)
    ? redactUrl(target, params)
    : origin.redacted + redactTarget(pathAndQuery(target), params);
}

/** What follows the authority: nothing for `*`, which asks about the server as a whole. */
function pathAndQuery(target: string): string {
  if (target === '*') {
    return '';
  }
  return target === '' || target.startsWith('?') ? target : `/${target}`;
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

/** Adds what any instrumentation of a client records when the request is over. */
export function addSharedAttributes(
  attributes: Attributes,
  { ends, response }: ClientRecord,
  { errorType }: ClientVerdict,
  { optIn }: ClientSettings,
): void {
  if (response !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = response.statusCode;
  }
  if (errorType !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType;
  }
  if (ends === undefined) {
    return;
  }
  addPeer(attributes, ends);
  if (optIn.has(ATTR_NETWORK_TRANSPORT)) {
    attributes[ATTR_NETWORK_TRANSPORT] =
      ends.network === 'tcp' ? NETWORK_TRANSPORT_VALUE_TCP : localTransport(ends.peerAddress ?? '');
  }
}

/** Adds the far end of a connection and the version of HTTP. */
function addPeer(attributes: Attributes, { peerAddress, peerPort, httpVersion }: ConnEnds): void {
  if (peerAddress !== undefined) {
    attributes[ATTR_NETWORK_PEER_ADDRESS] = peerAddress;
    if (peerPort !== undefined) {
      attributes[ATTR_NETWORK_PEER_PORT] = peerPort;
    }
  }
  attributes[ATTR_NETWORK_PROTOCOL_VERSION] = httpVersion;
}

/**
 * Adds both ends of a connection. Each attribute is set by itself: a copied object has no room for what an event adds, and
 * grows three times.
 */
export function addConn(attributes: Attributes, ends: ConnEnds): void {
  addPeer(attributes, ends);
  const { localAddress, localPort } = ends;
  if (localAddress !== undefined) {
    attributes[ATTR_NETWORK_LOCAL_ADDRESS] = localAddress;
    if (localPort !== undefined) {
      attributes[ATTR_NETWORK_LOCAL_PORT] = localPort;
    }
  }
}

/**
 * Adds what only we know when the request is over. Each attribute is set by its own statement: a store under a name that
 * varies takes many times as long. A time that is `NaN` belongs to what did not happen.
 */
export function addOurAttributes(
  attributes: Attributes,
  record: ClientRecord,
  verdict: ClientVerdict,
  { config, durations }: ClientSettings,
): void {
  const { conn, wantedAt, gotConnAt, wroteRequestAt, responseAt } = record;
  if (conn !== undefined && config.hooks.gotConn) {
    attributes[ATTR_HTTP_CONN_REUSED] = conn.reused;
  }
  const ends = exchangeEnds(record, verdict.cutAt);
  if (durations.getconn && ends.getconn >= wantedAt) {
    attributes[ATTR_HTTPTRACE_GETCONN_DURATION] = toSeconds(ends.getconn - wantedAt);
  }
  if (record.dial !== undefined) {
    addDialDurations(attributes, record, verdict.cutAt, durations);
  }
  if (durations.send && ends.send >= gotConnAt) {
    attributes[ATTR_HTTPTRACE_SEND_DURATION] = toSeconds(ends.send - gotConnAt);
  }
  if (durations.wait && ends.wait >= wroteRequestAt) {
    attributes[ATTR_HTTPTRACE_WAIT_DURATION] = toSeconds(ends.wait - wroteRequestAt);
  }
  if (durations.receive && ends.receive >= responseAt) {
    attributes[ATTR_HTTPTRACE_RECEIVE_DURATION] = toSeconds(ends.receive - responseAt);
  }
  if (verdict.failure !== undefined) {
    attributes[ATTR_HTTPTRACE_FAILED_PHASE] = lastPhase(record);
  } else if (verdict.cancelled) {
    attributes[ATTR_HTTPTRACE_CANCELLED_PHASE] = lastPhase(record);
  }
}

function addDialDurations(
  attributes: Attributes,
  record: ClientRecord,
  cutAt: number,
  wanted: ClientSettings['durations'],
): void {
  const dns = phaseDuration(record, 'dns', cutAt);
  if (dns >= 0 && wanted.dns) {
    attributes[ATTR_HTTPTRACE_DNS_DURATION] = toSeconds(dns);
  }
  const connect = phaseDuration(record, 'connect', cutAt);
  if (connect >= 0 && wanted.connect) {
    attributes[ATTR_HTTPTRACE_CONNECT_DURATION] = toSeconds(connect);
  }
  const tls = phaseDuration(record, 'tls', cutAt);
  if (tls >= 0 && wanted.tls) {
    attributes[ATTR_HTTPTRACE_TLS_DURATION] = toSeconds(tls);
  }
}
