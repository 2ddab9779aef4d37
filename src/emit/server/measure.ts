import type { Attributes } from '@opentelemetry/api';
import type { ServerRecord } from '../../recorder/server.js';
import {
  METRIC_HTTP_SERVER_ACTIVE_REQUESTS,
  METRIC_HTTP_SERVER_REQUEST_BODY_SIZE,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
  METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE,
  METRIC_HTTPTRACE_SERVER_FIRST_BYTE_DURATION,
} from '../../semconv/semconv.js';
import { serverStatusErrorType } from '../http/attributes.js';
import { safely } from '../safely.js';
import { requestBodySize } from './end.js';
import { activeRequestAttributes, serverMetricAttributes } from './metrics.js';
import type { ServedStart } from './start.js';
import type { ServerVerdict } from './verdict.js';

/** Counts a request that begins. Never throws. */
export function measureStart(start: ServedStart): void {
  if (start.instruments[METRIC_HTTP_SERVER_ACTIVE_REQUESTS] !== undefined) {
    safely('a metric', measureActive, start, 1);
  }
}

function measureActive(start: ServedStart, change: 1 | -1): void {
  const active = start.instruments[METRIC_HTTP_SERVER_ACTIVE_REQUESTS];
  active?.add(change, activeRequestAttributes(start), start.context);
}

/** Measures what is known when the head of the response is written, however long the body takes. */
export function measureHead(start: ServedStart, { headAt, startedAt, statusCode }: ServerRecord): void {
  const firstByte = start.instruments[METRIC_HTTPTRACE_SERVER_FIRST_BYTE_DURATION];
  if (firstByte === undefined) {
    return;
  }
  const errorType = statusCode === undefined ? undefined : serverStatusErrorType(statusCode);
  firstByte.record(
    (headAt - startedAt) / 1000,
    serverMetricAttributes(start, statusCode, errorType, start.metadata.route),
    start.context,
  );
}

/** Measures a request that is over. */
export function measureEnd(start: ServedStart, record: ServerRecord, verdict: ServerVerdict): void {
  const { instruments, context } = start;
  measureActive(start, -1);
  const duration = instruments[METRIC_HTTP_SERVER_REQUEST_DURATION];
  const requestSize = instruments[METRIC_HTTP_SERVER_REQUEST_BODY_SIZE];
  const responseSize = instruments[METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE];
  if (duration === undefined && requestSize === undefined && responseSize === undefined) {
    return;
  }
  const attributes = serverMetricAttributes(start, verdict.statusCode, verdict.errorType, verdict.route);
  const requestBytes = requestSize && requestBodySize(start.request, record);
  if (requestBytes !== undefined) {
    requestSize?.record(requestBytes, attributes, context);
  }
  if (start.response !== undefined && !Number.isNaN(record.bodyBytes)) {
    responseSize?.record(record.bodyBytes, attributes, context);
  }
  duration?.record((record.closedAt - record.startedAt) / 1000, withUsers(start, attributes), context);
}

/** With what the user's hook adds to them. */
function withUsers({ settings, request, response }: ServedStart, attributes: Attributes): Attributes {
  const { metricAttributesHook } = settings;
  return metricAttributesHook === undefined
    ? attributes
    : { ...attributes, ...safely('metricAttributesHook', metricAttributesHook, 'server', request, response) };
}
