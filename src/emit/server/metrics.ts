import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_SYNTHETIC_TYPE,
} from '../../semconv/semconv.js';
import { protocolVersion } from '../http/attributes.js';
import type { ServedStart } from './start.js';

/** A client chooses their values: without being asked for by name they are on no metric. */
const CHOSEN_BY_CLIENT = [ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT];

/** The attributes of the number of requests in progress: the same when one begins and when it ends. */
export function activeRequestAttributes({ attributes: start, settings: { optIn } }: ServedStart): Attributes {
  const attributes: Attributes = {
    [ATTR_HTTP_REQUEST_METHOD]: start[ATTR_HTTP_REQUEST_METHOD],
    [ATTR_URL_SCHEME]: start[ATTR_URL_SCHEME],
  };
  if (optIn.size > 0) {
    addAsked(attributes, start, CHOSEN_BY_CLIENT, optIn);
  }
  return attributes;
}

/** The attributes that all other metrics of one request share. */
export function serverMetricAttributes(
  start: ServedStart,
  statusCode: number | undefined,
  errorType: string | undefined,
  route: string | undefined,
): Attributes {
  const attributes = activeRequestAttributes(start);
  attributes[ATTR_NETWORK_PROTOCOL_VERSION] = protocolVersion(start.request.httpVersion);
  if (statusCode !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode;
  }
  if (errorType !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType;
  }
  if (route) {
    attributes[ATTR_HTTP_ROUTE] = route;
  }
  const { optIn } = start.settings;
  if (optIn.size > 0) {
    addAsked(attributes, start.attributes, [ATTR_USER_AGENT_SYNTHETIC_TYPE], optIn);
  }
  return attributes;
}

function addAsked(
  attributes: Attributes,
  start: Attributes,
  names: readonly string[],
  optIn: ReadonlySet<string>,
): void {
  for (const name of names) {
    if (optIn.has(name) && start[name] !== undefined) {
      attributes[name] = start[name];
    }
  }
}
