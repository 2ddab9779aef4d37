import type { Attributes } from '@opentelemetry/api';
import type { ClientRecord } from '../recorder/client.js';
import { failedPhase, type PhaseDurations, phaseDurations } from '../recorder/phases.js';
import { unixPathOf } from '../source/dial.js';
import { addNetworkPeer, localTransport } from './attributes.js';
import { connProtocolVersion } from './client-events.js';
import type { ClientRequestView } from './client-request.js';
import type { ClientSettings } from './client-settings.js';
import type { ClientVerdict } from './client-verdict.js';
import type { RecordedMethod } from './method.js';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_CONN_REUSED,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTPTRACE_FAILED_PHASE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_NETWORK_TRANSPORT,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
  ATTR_USER_AGENT_SYNTHETIC_TYPE,
  NETWORK_TRANSPORT_VALUE_TCP,
  PHASE_DURATION_ATTRIBUTES,
  PHASES,
} from './semconv.js';
import type { RequestedServer } from './server-address.js';
import { fullUrl } from './url.js';
import { syntheticType } from './user-agent.js';

/** What is known when the request is made: samplers see these. */
export function startAttributes(
  view: ClientRequestView,
  { method, original }: RecordedMethod,
  server: RequestedServer,
  { redactedQueryParams, optIn }: ClientSettings,
): Attributes {
  const attributes: Attributes = {};
  attributes[ATTR_HTTP_REQUEST_METHOD] = method;
  attributes[ATTR_URL_FULL] = fullUrl(view.origin, view.target + view.fragment, redactedQueryParams);
  if (server.address !== undefined) {
    attributes[ATTR_SERVER_ADDRESS] = server.address;
    if (server.port !== undefined) {
      attributes[ATTR_SERVER_PORT] = server.port;
    }
  }
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
  server: RequestedServer,
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
  const path = unixPathOf(conn.conn);
  addNetworkPeer(attributes, ends, path);
  attributes[ATTR_NETWORK_PROTOCOL_VERSION] = connProtocolVersion(conn.conn);
  if (optIn.has(ATTR_NETWORK_TRANSPORT)) {
    attributes[ATTR_NETWORK_TRANSPORT] =
      path === undefined ? NETWORK_TRANSPORT_VALUE_TCP : localTransport(path);
  }
}

/** What only we know when the request is over. */
export function addOurAttributes(
  attributes: Attributes,
  record: ClientRecord,
  { failure }: ClientVerdict,
  { config, durations }: ClientSettings,
): void {
  if (record.conn !== undefined && config.hooks.gotConn) {
    attributes[ATTR_HTTP_CONN_REUSED] = record.conn.reused;
  }
  addPhaseDurations(attributes, phaseDurations(record, failure !== undefined), durations);
  if (failure !== undefined) {
    attributes[ATTR_HTTPTRACE_FAILED_PHASE] = failedPhase(record);
  }
}

function addPhaseDurations(
  attributes: Attributes,
  durationsMs: PhaseDurations,
  wanted: ClientSettings['durations'],
): void {
  for (const phase of PHASES) {
    const durationMs = durationsMs[phase];
    if (durationMs >= 0 && wanted[phase]) {
      attributes[PHASE_DURATION_ATTRIBUTES[phase]] = durationMs / 1000;
    }
  }
}
