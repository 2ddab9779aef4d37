import type { Attributes, Span } from '@opentelemetry/api';
import { SpanStatusCode } from '../../api.js';
import { toSeconds } from '../../clock.js';
import type { ServerOutcome, ServerRecord } from '../../recorder/server.js';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_HTTPTRACE_ABORTED,
  ATTR_HTTPTRACE_FIRST_BYTE_DURATION,
} from '../../semconv/semconv.js';
import type { ServedRequest, ServedResponse } from '../../source/server/trace.js';
import { serverStatusErrorType } from '../http/attributes.js';
import { errorMessage, errorType } from '../http/error.js';
import type { HeaderCapture } from '../http/headers.js';
import { boundRoute } from './context.js';
import type { ServedStart } from './start.js';

/** How a request came to its end, as its telemetry tells it. */
export interface ServerVerdict {
  /** What was sent, if anything was. */
  readonly statusCode: number | undefined;
  /** `http.route`, if a framework has set it. */
  readonly route: string | undefined;
  /** `error.type`; `undefined` if the request was no error of the server. */
  readonly errorType: string | undefined;
  /** What is said of the error in the span's status. */
  readonly message: string | undefined;
}

/** The error of a peer that vanished, whatever Node noticed first. */
const PEER_GONE = 'ECONNRESET';

export function judgeServed(record: ServerRecord, { response, metadata }: ServedStart): ServerVerdict {
  const { outcome, error, hasError } = record;
  const route = metadata.route || (response && boundRoute(response));
  const statusCode = record.headLeft ? (record.statusCode ?? sentStatus(response)) : undefined;
  if (hasError) {
    return { statusCode, route, errorType: errorType(error), message: errorMessage(error) };
  }
  const statusError = statusCode === undefined ? undefined : serverStatusErrorType(statusCode);
  return {
    statusCode,
    route,
    errorType: statusError ?? (outcome === 'finished' ? undefined : cutOffErrorType(outcome, statusCode)),
    message: undefined,
  };
}

/** A client that leaves after the head gives up what it asked for. That is no error of the server. */
function cutOffErrorType(
  outcome: ServerOutcome | undefined,
  statusCode: number | undefined,
): string | undefined {
  return outcome === 'destroyed' || (outcome === 'aborted' && statusCode === undefined)
    ? PEER_GONE
    : undefined;
}

/** Node presets 200: until the head is sent it means nothing. */
function sentStatus(response: ServedResponse | undefined): number | undefined {
  return response?.headersSent === true ? response.statusCode : undefined;
}

/**
 * What is known when the head of the response is written.
 *
 * @param headers What the program gave with it.
 */
export function setHeadAttributes(
  span: Span,
  { settings, response }: ServedStart,
  { headAt, startedAt }: ServerRecord,
  headers: unknown,
): void {
  if (settings.config.hooks.writeHead) {
    span.setAttribute(ATTR_HTTPTRACE_FIRST_BYTE_DURATION, toSeconds(headAt - startedAt));
  }
  if (settings.responseHeaders !== undefined && response !== undefined) {
    span.setAttributes(capturedHeaders(settings.responseHeaders, response, headers));
  }
}

/** Node keeps what is given to `writeHead` with the other headers only if there are others. */
function capturedHeaders(capture: HeaderCapture, response: ServedResponse, given: unknown): Attributes {
  const attributes: Attributes = {};
  if ('getHeaderNames' in response && response.getHeaderNames().length > 0) {
    capture.addSet(attributes, response);
  } else if (Array.isArray(given)) {
    capture.addList(attributes, Array.isArray(given[0]) ? given.flat() : given);
  } else if (typeof given === 'object' && given !== null) {
    capture.addRecord(attributes, given as Readonly<Record<string, unknown>>);
  }
  return attributes;
}

/** How much of the response's body was written; `undefined` if it was not counted. */
export function countedBody({ settings }: ServedStart, { bodyBytes }: ServerRecord): number | undefined {
  return settings.countsBody && !Number.isNaN(bodyBytes) ? bodyBytes : undefined;
}

/** Writes down what a request really was; on a span of our own also what the conventions want. */
export function describeEnd(
  span: Span,
  start: ServedStart,
  record: ServerRecord,
  verdict: ServerVerdict,
): void {
  const attributes: Attributes = {};
  // What no other instrumentation records.
  if (record.outcome === 'aborted' && start.settings.config.hooks.closeNotify) {
    attributes[ATTR_HTTPTRACE_ABORTED] = true;
  }
  const bytes = record.outcome === 'hijacked' ? undefined : countedBody(start, record);
  if (bytes !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_BODY_SIZE] = bytes;
  }
  if (!start.ownsSpan) {
    span.setAttributes(attributes);
    return;
  }
  addConventional(attributes, start, record, verdict);
  span.setAttributes(attributes);
  if (verdict.route) {
    span.updateName(`${start.spanName} ${verdict.route}`);
  }
  if (verdict.errorType !== undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: verdict.message });
  }
}

function addConventional(
  attributes: Attributes,
  { settings, request }: ServedStart,
  record: ServerRecord,
  { statusCode, errorType, route }: ServerVerdict,
): void {
  if (statusCode !== undefined) {
    attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode;
  }
  if (errorType !== undefined) {
    attributes[ATTR_ERROR_TYPE] = errorType;
  }
  if (route) {
    attributes[ATTR_HTTP_ROUTE] = route;
  }
  if (settings.optIn.has(ATTR_HTTP_REQUEST_BODY_SIZE)) {
    const bytes = requestBodySize(request, record);
    if (bytes !== undefined) {
      attributes[ATTR_HTTP_REQUEST_BODY_SIZE] = bytes;
    }
  }
}

/**
 * How many bytes the body of a request had on the wire; `undefined` if that is not known, because the program did
 * not read it and nothing told its length.
 */
export function requestBodySize(request: ServedRequest, record: ServerRecord): number | undefined {
  if (record.requestBodyBytes > 0) {
    return record.requestBodyBytes;
  }
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (length !== undefined) {
    return 'complete' in request && request.complete ? wholeNumber(length) : undefined;
  }
  const mayHaveBody = encoding !== undefined || ('stream' in request && !request.stream.endAfterHeaders);
  return mayHaveBody ? undefined : 0;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
