import type { Attributes, Context } from '@opentelemetry/api';
import { toSeconds } from '../../clock.js';
import type { ClientRecord } from '../../recorder/client.js';
import { phaseDuration } from '../../recorder/phases.js';
import {
  ATTR_DNS_QUESTION_NAME,
  ATTR_ERROR_TYPE,
  ATTR_HTTPTRACE_PHASE,
  ATTR_URL_TEMPLATE,
  METRIC_DNS_LOOKUP_DURATION,
  METRIC_HTTP_CLIENT_ACTIVE_REQUESTS,
  METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE,
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
  METRIC_HTTP_CLIENT_REQUEST_TIME_IN_QUEUE,
  METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE,
  METRIC_HTTPTRACE_CLIENT_PHASE_DURATION,
  PHASES,
} from '../../semconv/semconv.js';
import type { ResponseHead } from '../../source/request-trace.js';
import { errorType } from '../http/error.js';
import type { Instruments } from '../instruments.js';
import { safely } from '../safely.js';
import { bodySizes } from './body-sizes.js';
import { activeRequestAttributes, clientMetricAttributes, queueAttributes } from './metrics.js';
import type { ClientStart } from './start.js';
import { type ClientVerdict, cutAt } from './verdict.js';

/** Counts a request that begins (1) or ends (-1). */
export function measureActive(start: ClientStart, ctx: Context, change: 1 | -1): void {
  const active = start.instruments[METRIC_HTTP_CLIENT_ACTIVE_REQUESTS];
  active?.add(change, activeRequestAttributes(start, start.settings.optIn), ctx);
}

/** Measures a name lookup that is over. */
export function measureLookup(
  instruments: Instruments,
  ctx: Context,
  host: string,
  durationMs: number,
  err: Error | undefined,
): void {
  const lookup = instruments[METRIC_DNS_LOOKUP_DURATION];
  if (lookup !== undefined) {
    const attributes: Attributes = { [ATTR_DNS_QUESTION_NAME]: host };
    if (err !== undefined) {
      attributes[ATTR_ERROR_TYPE] = errorType(err);
    }
    lookup.record(toSeconds(durationMs), attributes, ctx);
  }
}

/** Measures the wait of a request for which no connection was ready, when it has got one. */
export function measureQueue(start: ClientStart, record: ClientRecord): void {
  if (record.conn?.wasIdle === false) {
    measureWait(start, record, record.gotConnAt);
  }
}

function measureWait(start: ClientStart, record: ClientRecord, until: number): void {
  const queue = start.instruments[METRIC_HTTP_CLIENT_REQUEST_TIME_IN_QUEUE];
  queue?.record(toSeconds(until - record.wantedAt), queueAttributes(start, record), record.context);
}

/** What a request that is over is measured by. */
export interface FinishedRequest {
  readonly start: ClientStart;
  readonly record: ClientRecord;
  readonly response: ResponseHead | undefined;
  readonly verdict: ClientVerdict;
}

/** Measures a request that is over. */
export function measureEnd(finished: FinishedRequest): void {
  const { start, record, response, verdict } = finished;
  const { settings, instruments } = start;
  measureActive(start, record.context, -1);
  if (verdict.failure !== undefined && !record.wasSent) {
    // It waited in vain.
    measureWait(start, record, verdict.endedAt);
  }
  const duration = instruments[METRIC_HTTP_CLIENT_REQUEST_DURATION];
  const measuresMore = settings.measuresBodies || settings.measuresPhases;
  if (duration === undefined && !measuresMore) {
    return;
  }
  const attributes = clientMetricAttributes(
    start,
    record,
    response?.statusCode,
    verdict.errorType,
    settings.optIn,
  );
  if (measuresMore) {
    measureBodies(finished, instruments, attributes);
    measurePhases(finished, instruments, attributes);
  }
  duration?.record(
    (verdict.endedAt - record.wantedAt) / 1000,
    withUsers(finished, attributes),
    record.context,
  );
}

function measureBodies(
  { start, record, response }: FinishedRequest,
  instruments: Instruments,
  shared: Attributes,
): void {
  const { settings, view } = start;
  if (!settings.measuresBodies) {
    return;
  }
  const sizes = bodySizes(record, view, response);
  const attributes =
    start.template === undefined ? shared : { ...shared, [ATTR_URL_TEMPLATE]: start.template };
  if (sizes.request !== undefined) {
    instruments[METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE]?.record(sizes.request, attributes, record.context);
  }
  if (sizes.response !== undefined) {
    instruments[METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE]?.record(sizes.response, attributes, record.context);
  }
}

function measurePhases(
  { record, verdict }: FinishedRequest,
  instruments: Instruments,
  shared: Attributes,
): void {
  const histogram = instruments[METRIC_HTTPTRACE_CLIENT_PHASE_DURATION];
  if (histogram === undefined) {
    return;
  }
  const cut = cutAt(verdict);
  for (const phase of PHASES) {
    const ms = phaseDuration(record, phase, cut);
    if (ms >= 0) {
      histogram.record(toSeconds(ms), { ...shared, [ATTR_HTTPTRACE_PHASE]: phase }, record.context);
    }
  }
}

/** With what the user's hook adds to them. */
function withUsers({ start, response }: FinishedRequest, attributes: Attributes): Attributes {
  const { settings, view } = start;
  const { metricAttributesHook } = settings;
  if (metricAttributesHook === undefined) {
    return attributes;
  }
  const given = response === undefined ? undefined : view.metricResponse(response);
  return {
    ...attributes,
    ...safely('metricAttributesHook', metricAttributesHook, 'client', view.request, given),
  };
}
