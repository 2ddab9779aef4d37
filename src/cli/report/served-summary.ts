import {
  ATTR_CLIENT_ADDRESS,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_HTTPTRACE_ABORTED,
  ATTR_HTTPTRACE_FIRST_BYTE_DURATION,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
} from '../../semconv/semconv.js';
import { booleanOf, numberOf, type ReadableSpan, stringOf, toMs } from '../../waterfall/readable-span.js';
import { methodOf, present, rounded, statusOf } from './request-report.js';

/** A request that a program served, as `--json` prints it. Times are milliseconds. What did not happen is left out. */
export interface ServedSummary {
  side: 'server';
  /** Path and query. */
  url: string;
  method: string;
  status?: number;
  protocol?: string;
  /** From the start of the request until the head of the response was written. */
  firstByte?: number;
  total: number;
  /** `aborted`, `unfinished`, or the type of what went wrong. */
  error?: string;
  /** ISO 8601 */
  startTime: string;
  clientAddress?: string;
  /** Bytes of the bodies. */
  bytes: { sent?: number; received?: number };
}

export function servedSummaryOf(span: ReadableSpan, isUnfinished: boolean): ServedSummary {
  const { attributes } = span;
  const query = stringOf(attributes, ATTR_URL_QUERY);
  const version = stringOf(attributes, ATTR_NETWORK_PROTOCOL_VERSION);
  const firstByte = numberOf(attributes, ATTR_HTTPTRACE_FIRST_BYTE_DURATION);
  return {
    side: 'server',
    url: `${stringOf(attributes, ATTR_URL_PATH) ?? ''}${query === undefined ? '' : `?${query}`}`,
    method: methodOf(span),
    ...present({
      status: statusOf(span),
      protocol: version === undefined ? undefined : `HTTP/${version}`,
      firstByte: firstByte === undefined ? undefined : rounded(firstByte * 1_000),
    }),
    total: rounded(toMs(span.endTime) - toMs(span.startTime)),
    ...present({ error: isUnfinished ? 'unfinished' : errorOf(span) }),
    startTime: new Date(toMs(span.startTime)).toISOString(),
    ...present({ clientAddress: stringOf(attributes, ATTR_CLIENT_ADDRESS) }),
    bytes: present({
      sent: numberOf(attributes, ATTR_HTTP_RESPONSE_BODY_SIZE),
      received: numberOf(attributes, ATTR_HTTP_REQUEST_BODY_SIZE),
    }),
  };
}

function errorOf(span: ReadableSpan): string | undefined {
  if (booleanOf(span.attributes, ATTR_HTTPTRACE_ABORTED) === true) {
    return 'aborted';
  }
  const type = stringOf(span.attributes, ATTR_ERROR_TYPE);
  return type === String(statusOf(span)) ? undefined : type;
}
