import type { Attributes } from '@opentelemetry/api';
import type { ClientRecord } from '../../recorder/client.js';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_URL_SCHEME,
  ATTR_URL_TEMPLATE,
} from '../../semconv/semconv.js';
import { addServer } from '../http/attributes.js';
import { connProtocolVersion } from './described-conn.js';
import type { ClientStart } from './start.js';

// All in the order of the alphabet, in which a MeterProvider sorts them.

/** The attributes that the metrics of a request which is over share. */
export function clientMetricAttributes(
  start: ClientStart,
  record: ClientRecord,
  statusCode: number | undefined,
  errorType: string | undefined,
  optIn: ReadonlySet<string>,
): Attributes {
  const attributes: Attributes = {};
  if (errorType !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType;
  }
  attributes[ATTR_HTTP_REQUEST_METHOD] = start.method;
  if (statusCode !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode;
  }
  if (record.conn !== undefined) {
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = connProtocolVersion(record.conn.conn);
  }
  addServer(attributes, start.server);
  if (optIn.size > 0) {
    addAsked(attributes, start, optIn);
  }
  return attributes;
}

/** The attributes of the number of requests in progress: the same when one begins and when it ends. */
export function activeRequestAttributes(start: ClientStart, optIn: ReadonlySet<string>): Attributes {
  const attributes: Attributes = {};
  attributes[ATTR_HTTP_REQUEST_METHOD] = start.method;
  addServer(attributes, start.server);
  if (optIn.has(ATTR_URL_SCHEME) && start.server.scheme !== '') {
    attributes[ATTR_URL_SCHEME] = start.server.scheme;
  }
  if (start.template !== undefined) {
    attributes[ATTR_URL_TEMPLATE] = start.template;
  }
  return attributes;
}

/** The attributes of the time that a request waited for its connection. */
export function queueAttributes(start: ClientStart, record: ClientRecord): Attributes {
  const attributes: Attributes = {};
  attributes[ATTR_HTTP_REQUEST_METHOD] = start.method;
  if (record.conn !== undefined) {
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = connProtocolVersion(record.conn.conn);
  }
  addServer(attributes, start.server);
  if (start.server.scheme !== '') {
    attributes[ATTR_URL_SCHEME] = start.server.scheme;
  }
  return attributes;
}

function addAsked(
  attributes: Attributes,
  { server, template }: ClientStart,
  optIn: ReadonlySet<string>,
): void {
  if (optIn.has(ATTR_URL_SCHEME) && server.scheme !== '') {
    attributes[ATTR_URL_SCHEME] = server.scheme;
  }
  if (optIn.has(ATTR_URL_TEMPLATE) && template !== undefined) {
    attributes[ATTR_URL_TEMPLATE] = template;
  }
}
