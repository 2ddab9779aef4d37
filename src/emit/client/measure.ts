import type { Attributes, Context } from '@opentelemetry/api';
import { toSeconds } from '../../clock.js';
import type { ClientRecord } from '../../recorder/client.js';
import {
  ATTR_DNS_QUESTION_NAME,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTPTRACE_PHASE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_URL_SCHEME,
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
import { addServer } from '../http/attributes.js';
import { errorType } from '../http/error.js';
import type { Instruments } from '../instruments.js';
import { safely } from '../safely.js';
import { bodySizes } from './body-sizes.js';
import { type ClientVerdict, phaseDuration } from './outcome.js';
import type { ClientStart } from './start.js';

/** Counts a request that begins (1) or ends (-1). */
export function measureActive(start: ClientStart, ctx: Context, change: 1 | -1): void {
  const active = start.instruments[METRIC_HTTP_CLIENT_ACTIVE_REQUESTS];
  active?.add(change, activeRequestAttributes(start), ctx);
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

/** Measures how long a request waited for its connection, if none was ready. Called when it has one. */
export function measureQueue(start: ClientStart, record: ClientRecord): void {
  if (record.conn?.wasIdle === false) {
    measureWait(start, record, record.gotConnAt);
  }
}

function measureWait(start: ClientStart, record: ClientRecord, until: number): void {
  const queue = start.instruments[METRIC_HTTP_CLIENT_REQUEST_TIME_IN_QUEUE];
  queue?.record(toSeconds(until - record.wantedAt), queueAttributes(start, record), record.context);
}

/** Measures a request that is over. */
export function measureEnd(start: ClientStart, record: ClientRecord, verdict: ClientVerdict): void {
  const { settings, instruments } = start;
  if (settings.measuresActive) {
    measureActive(start, record.context, -1);
  }
  if (settings.measuresQueue && verdict.failure !== undefined && !record.wasSent) {
    // The request waited in vain.
    measureWait(start, record, verdict.endedAt);
  }
  const duration = instruments[METRIC_HTTP_CLIENT_REQUEST_DURATION];
  const measuresMore = settings.measuresBodies || settings.measuresPhases;
  if (duration === undefined && !measuresMore) {
    return;
  }
  const attributes = clientMetricAttributes(start, record, verdict.errorType);
  if (measuresMore) {
    measureBodies(start, record, attributes);
    measurePhases(start, record, verdict.cutAt, attributes);
  }
  duration?.record(
    (verdict.endedAt - record.wantedAt) / 1000,
    settings.metricAttributesHook === undefined ? attributes : withHookAttributes(start, record, attributes),
    record.context,
  );
}

function measureBodies(start: ClientStart, record: ClientRecord, shared: Attributes): void {
  const { settings, instruments, view } = start;
  if (!settings.measuresBodies) {
    return;
  }
  const sizes = bodySizes(record, view);
  const attributes =
    start.template === undefined ? shared : { ...shared, [ATTR_URL_TEMPLATE]: start.template };
  if (sizes.request !== undefined) {
    instruments[METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE]?.record(sizes.request, attributes, record.context);
  }
  if (sizes.response !== undefined) {
    instruments[METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE]?.record(sizes.response, attributes, record.context);
  }
}

function measurePhases(start: ClientStart, record: ClientRecord, cutAt: number, shared: Attributes): void {
  const histogram = start.instruments[METRIC_HTTPTRACE_CLIENT_PHASE_DURATION];
  if (histogram === undefined) {
    return;
  }
  for (const phase of PHASES) {
    const ms = phaseDuration(record, phase, cutAt);
    if (ms >= 0) {
      histogram.record(toSeconds(ms), { ...shared, [ATTR_HTTPTRACE_PHASE]: phase }, record.context);
    }
  }
}

/** The attributes, and what the program's hook adds to them. */
function withHookAttributes(
  { settings, view }: ClientStart,
  record: ClientRecord,
  attributes: Attributes,
): Attributes {
  const { metricAttributesHook } = settings;
  if (metricAttributesHook === undefined) {
    return attributes;
  }
  const given = record.response && view.metricResponse(record.response);
  return {
    ...attributes,
    ...safely('metricAttributesHook', metricAttributesHook, 'client', view.request, given),
  };
}

// The attributes are set in alphabetical order, in which a MeterProvider sorts them.

/** The attributes that all metrics of a finished request share. */
function clientMetricAttributes(
  start: ClientStart,
  { ends, response }: ClientRecord,
  errorType: string | undefined,
): Attributes {
  const { optIn } = start.settings;
  const attributes: Attributes = {};
  if (errorType !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType;
  }
  attributes[ATTR_HTTP_REQUEST_METHOD] = start.method;
  if (response !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = response.statusCode;
  }
  if (ends !== undefined) {
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = ends.httpVersion;
  }
  addServer(attributes, start.server);
  if (optIn.size > 0) {
    addOptIns(attributes, start, optIn);
  }
  return attributes;
}

/** The attributes of `http.client.active_requests`. They are the same when a request begins and when it ends. */
function activeRequestAttributes(start: ClientStart): Attributes {
  const { optIn } = start.settings;
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
function queueAttributes(start: ClientStart, { ends }: ClientRecord): Attributes {
  const attributes: Attributes = {};
  attributes[ATTR_HTTP_REQUEST_METHOD] = start.method;
  if (ends !== undefined) {
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = ends.httpVersion;
  }
  addServer(attributes, start.server);
  if (start.server.scheme !== '') {
    attributes[ATTR_URL_SCHEME] = start.server.scheme;
  }
  return attributes;
}

function addOptIns(
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
