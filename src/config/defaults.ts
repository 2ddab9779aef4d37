import { METRIC_DEFINITIONS, type MetricName } from '../semconv/metrics.js';
import * as semconv from '../semconv/semconv.js';
import type { ClientHookName, ServerHookName } from './types.js';

/** Every hook is recorded but the one of header fields, which are many and may be secret. */
export const CLIENT_HOOKS: Readonly<Record<ClientHookName, boolean>> = {
  getConn: true,
  dnsStart: true,
  dnsDone: true,
  connectStart: true,
  connectDone: true,
  tlsHandshakeStart: true,
  tlsHandshakeDone: true,
  gotConn: true,
  wroteHeaderField: false,
  wroteHeaders: true,
  wait100Continue: true,
  wroteRequest: true,
  gotFirstResponseByte: true,
  got100Continue: true,
  got1xxResponse: true,
  putIdleConn: true,
};

export const SERVER_HOOKS: Readonly<Record<ServerHookName, boolean>> = {
  writeHead: true,
  write: true,
  end: true,
  flushHeaders: true,
  informational: true,
  closeNotify: true,
  hijack: true,
  push: true,
};

export const METRICS = Object.fromEntries(
  Object.entries(METRIC_DEFINITIONS).map(([name, { onByDefault }]) => [name, onByDefault]),
) as Readonly<Record<MetricName, boolean>>;

/** The attributes that may be asked for by name. Attributes of headers have options of their own. */
export const OPT_IN_ATTRIBUTES: readonly string[] = [
  semconv.ATTR_CLIENT_PORT,
  semconv.ATTR_HTTP_REQUEST_BODY_SIZE,
  semconv.ATTR_HTTP_RESPONSE_BODY_SIZE,
  semconv.ATTR_NETWORK_LOCAL_ADDRESS,
  semconv.ATTR_NETWORK_LOCAL_PORT,
  semconv.ATTR_NETWORK_PEER_ADDRESS,
  semconv.ATTR_NETWORK_TRANSPORT,
  semconv.ATTR_SERVER_ADDRESS,
  semconv.ATTR_SERVER_PORT,
  semconv.ATTR_TLS_SERVER_HASH_SHA256,
  semconv.ATTR_TLS_SERVER_ISSUER,
  semconv.ATTR_TLS_SERVER_NOT_AFTER,
  semconv.ATTR_TLS_SERVER_NOT_BEFORE,
  semconv.ATTR_TLS_SERVER_SUBJECT,
  semconv.ATTR_URL_SCHEME,
  semconv.ATTR_URL_TEMPLATE,
  semconv.ATTR_USER_AGENT_ORIGINAL,
  semconv.ATTR_USER_AGENT_SYNTHETIC_TYPE,
];
