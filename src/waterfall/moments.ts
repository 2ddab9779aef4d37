import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_URL_PATH,
  EVENT_GOT_1XX,
  EVENT_GOT_100_CONTINUE,
  EVENT_GOT_100_WAIT,
  EVENT_HTTP_CONNECTION_HIJACKED,
  EVENT_HTTP_RESPONSE_ABORTED,
  EVENT_HTTP_RESPONSE_END,
  EVENT_HTTP_RESPONSE_FIRST_WRITE,
  EVENT_HTTP_RESPONSE_FLUSH,
  EVENT_HTTP_RESPONSE_HEAD,
  EVENT_HTTP_RESPONSE_INFORMATIONAL,
  EVENT_HTTP_RESPONSE_PUSH,
} from '../semconv/semconv.js';
import { isPhaseEvent } from './event-phases.js';
import { formatStatus } from './format.js';
import { numberOf, stringOf, type TimedEvent, toMs } from './readable-span.js';
import { bytesDetail, type Moment } from './request-block.js';

/** Shorter names of our events. Other events are shown by their own name. */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  [EVENT_GOT_100_WAIT, 'body held back'],
  [EVENT_HTTP_RESPONSE_HEAD, 'head'],
  [EVENT_HTTP_RESPONSE_FIRST_WRITE, 'first write'],
  [EVENT_HTTP_RESPONSE_FLUSH, 'flush'],
  [EVENT_HTTP_RESPONSE_END, 'end'],
  [EVENT_HTTP_RESPONSE_ABORTED, 'aborted'],
  [EVENT_HTTP_RESPONSE_PUSH, 'push'],
  [EVENT_HTTP_CONNECTION_HIJACKED, 'hijacked'],
]);

/** Events that are shown by their status. */
const INFORMATIONAL: ReadonlySet<string> = new Set([EVENT_GOT_1XX, EVENT_HTTP_RESPONSE_INFORMATIONAL]);

const FAILURES: ReadonlySet<string> = new Set([EVENT_HTTP_RESPONSE_ABORTED, 'exception']);

/** The events of a span that are neither start nor end of a phase. */
export function momentsOf(events: readonly TimedEvent[]): Moment[] {
  const has100 = events.some((event) => event.name === EVENT_GOT_1XX && statusOf(event) === 100);
  return events
    .filter(({ name }) => !isPhaseEvent(name) && !(has100 && name === EVENT_GOT_100_CONTINUE))
    .map(momentOf);
}

function statusOf({ attributes }: TimedEvent): number | undefined {
  return numberOf(attributes, ATTR_HTTP_RESPONSE_STATUS_CODE);
}

function momentOf(event: TimedEvent): Moment {
  const { name, time, attributes } = event;
  const status = statusOf(event);
  const at = toMs(time);
  if (name === EVENT_GOT_100_CONTINUE) {
    return { name: formatStatus(100), details: [], at, failed: false };
  }
  if (INFORMATIONAL.has(name) && status !== undefined) {
    return { name: formatStatus(status), details: [], at, failed: false };
  }
  const details = [
    status === undefined ? undefined : formatStatus(status),
    ...bytesDetail(numberOf(attributes, ATTR_HTTP_RESPONSE_BODY_SIZE)),
    stringOf(attributes, ATTR_NETWORK_PROTOCOL_NAME),
    stringOf(attributes, ATTR_URL_PATH),
    stringOf(attributes, ATTR_EXCEPTION_MESSAGE),
    stringOf(attributes, ATTR_ERROR_TYPE),
  ].filter((detail) => detail !== undefined);
  return { name: SHORT_NAMES.get(name) ?? name, details, at, failed: FAILURES.has(name) };
}
