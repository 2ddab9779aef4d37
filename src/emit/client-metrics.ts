import type { Attributes } from '@opentelemetry/api';
import type { ClientRecord } from '../recorder/client.js';
import { connProtocolVersion } from './client-events.js';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_SCHEME,
} from './semconv.js';
import type { RequestedServer } from './server-address.js';

/** The attributes that the metrics of one request share. */
export function clientMetricAttributes(
  method: string,
  server: RequestedServer,
  record: ClientRecord,
  statusCode: number | undefined,
  errorType: string | undefined,
  optIn: ReadonlySet<string>,
): Attributes {
  // In the order of the alphabet, in which a MeterProvider sorts them.
  const attributes: Attributes = {};
  if (errorType !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType;
  }
  attributes[ATTR_HTTP_REQUEST_METHOD] = method;
  if (statusCode !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode;
  }
  if (record.conn !== undefined) {
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = connProtocolVersion(record.conn.conn);
  }
  if (server.address !== undefined) {
    attributes[ATTR_SERVER_ADDRESS] = server.address;
    if (server.port !== undefined) {
      attributes[ATTR_SERVER_PORT] = server.port;
    }
  }
  if (optIn.has(ATTR_URL_SCHEME) && server.scheme !== '') {
    attributes[ATTR_URL_SCHEME] = server.scheme;
  }
  return attributes;
}
