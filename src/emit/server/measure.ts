import type { Attributes } from '@opentelemetry/api';
import type { ServerRecord } from '../../recorder/server.js';
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
  METRIC_HTTP_SERVER_ACTIVE_REQUESTS,
  METRIC_HTTP_SERVER_REQUEST_BODY_SIZE,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
  METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE,
  METRIC_HTTPTRACE_SERVER_FIRST_BYTE_DURATION,
} from '../../semconv/semconv.js';
import { protocolVersion, serverStatusErrorType } from '../http/attributes.js';
import { safely } from '../safely.js';
import { requestBodySize, type ServerVerdict } from './end.js';
import type { ServedStart } from './start.js';

/** Counts a request that begins (1) or ends (-1). */
export function measureActive(start: ServedStart, change: 1 | -1): void {
  const active = start.instruments[METRIC_HTTP_SERVER_ACTIVE_REQUESTS];
  active?.add(change, activeRequestAttributes(start), start.context);
}

/** Measures what is known when the head of the response is written, however long the body takes. */
export function measureHead(start: ServedStart, { headAt, startedAt, statusCode }: ServerRecord): void {
  const errorType = statusCode === undefined ? undefined : serverStatusErrorType(statusCode);
  start.instruments[METRIC_HTTPTRACE_SERVER_FIRST_BYTE_DURATION]?.record(
    (headAt - startedAt) / 1000,
    serverMetricAttributes(start, statusCode, errorType, start.metadata.route),
    start.context,
  );
}

/** Measures a request that is over. */
export function measureEnd(start: ServedStart, record: ServerRecord, verdict: ServerVerdict): void {
  const { settings, instruments, context } = start;
  if (settings.measuresActive) {
    measureActive(start, -1);
  }
  const duration = instruments[METRIC_HTTP_SERVER_REQUEST_DURATION];
  if (duration === undefined && !settings.measuresBodies) {
    return;
  }
  const attributes = serverMetricAttributes(start, verdict.statusCode, verdict.errorType, verdict.route);
  if (settings.measuresBodies) {
    measureBodies(start, record, attributes);
  }
  duration?.record(
    (record.closedAt - record.startedAt) / 1000,
    settings.metricAttributesHook === undefined ? attributes : withHookAttributes(start, attributes),
    context,
  );
}

function measureBodies(start: ServedStart, record: ServerRecord, attributes: Attributes): void {
  const { instruments, context } = start;
  const requestSize = instruments[METRIC_HTTP_SERVER_REQUEST_BODY_SIZE];
  const requestBytes = requestSize && requestBodySize(start.request, record);
  if (requestBytes !== undefined) {
    requestSize?.record(requestBytes, attributes, context);
  }
  if (start.response !== undefined && !Number.isNaN(record.bodyBytes)) {
    instruments[METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE]?.record(record.bodyBytes, attributes, context);
  }
}

/** The attributes, with what the user's hook adds. */
function withHookAttributes(
  { settings, request, response }: ServedStart,
  attributes: Attributes,
): Attributes {
  const { metricAttributesHook } = settings;
  return metricAttributesHook === undefined
    ? attributes
    : { ...attributes, ...safely('metricAttributesHook', metricAttributesHook, 'server', request, response) };
}

/** Attributes whose values a client chooses. Metrics have them only if they were asked for by name. */
const CHOSEN_BY_CLIENT = [ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT];

/** The attributes of the number of requests in progress: the same when one begins and when it ends. */
function activeRequestAttributes({ attributes: start, settings: { optIn } }: ServedStart): Attributes {
  const attributes: Attributes = {
    [ATTR_HTTP_REQUEST_METHOD]: start[ATTR_HTTP_REQUEST_METHOD],
    [ATTR_URL_SCHEME]: start[ATTR_URL_SCHEME],
  };
  if (optIn.size > 0) {
    addOptIns(attributes, start, CHOSEN_BY_CLIENT, optIn);
  }
  return attributes;
}

const ASKED = [...CHOSEN_BY_CLIENT, ATTR_USER_AGENT_SYNTHETIC_TYPE];

/**
 * The attributes that all other metrics of one request share. In the order of their names, by which the SDK sorts them to
 * find where they are counted.
 */
function serverMetricAttributes(
  { attributes: start, request, settings: { optIn } }: ServedStart,
  statusCode: number | undefined,
  errorType: string | undefined,
  route: string | undefined,
): Attributes {
  const attributes: Attributes = {};
  if (errorType !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType;
  }
  attributes[ATTR_HTTP_REQUEST_METHOD] = start[ATTR_HTTP_REQUEST_METHOD];
  if (statusCode !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode;
  }
  if (route) {
    attributes[ATTR_HTTP_ROUTE] = route;
  }
  attributes[ATTR_NETWORK_PROTOCOL_VERSION] = protocolVersion(request.httpVersion);
  attributes[ATTR_URL_SCHEME] = start[ATTR_URL_SCHEME];
  if (optIn.size > 0) {
    addOptIns(attributes, start, ASKED, optIn);
  }
  return attributes;
}

function addOptIns(
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
