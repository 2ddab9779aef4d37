import {
  ATTR_ERROR_TYPE,
  EVENT_HTTP_CONNECT_DONE,
  EVENT_HTTP_CONNECT_START,
  EVENT_HTTP_DNS_DONE,
  EVENT_HTTP_DNS_START,
  EVENT_HTTP_GETCONN_DONE,
  EVENT_HTTP_GETCONN_START,
  EVENT_HTTP_RECEIVE_DONE,
  EVENT_HTTP_RECEIVE_START,
  EVENT_HTTP_SEND_DONE,
  EVENT_HTTP_SEND_START,
  EVENT_HTTP_TLS_DONE,
  EVENT_HTTP_TLS_START,
  type Phase,
} from '../semconv/semconv.js';
import { detailsOf, peerOf } from './phase-details.js';
import { type AttributeBag, stringOf, type TimedEvent, toMs } from './readable-span.js';
import type { PhaseInterval } from './request-block.js';

const STARTS: ReadonlyMap<string, Phase> = new Map([
  [EVENT_HTTP_GETCONN_START, 'getconn'],
  [EVENT_HTTP_DNS_START, 'dns'],
  [EVENT_HTTP_CONNECT_START, 'connect'],
  [EVENT_HTTP_TLS_START, 'tls'],
  [EVENT_HTTP_SEND_START, 'send'],
  [EVENT_HTTP_RECEIVE_START, 'receive'],
]);

const DONES: ReadonlyMap<string, Phase> = new Map([
  [EVENT_HTTP_GETCONN_DONE, 'getconn'],
  [EVENT_HTTP_DNS_DONE, 'dns'],
  [EVENT_HTTP_CONNECT_DONE, 'connect'],
  [EVENT_HTTP_TLS_DONE, 'tls'],
  [EVENT_HTTP_SEND_DONE, 'send'],
  [EVENT_HTTP_RECEIVE_DONE, 'receive'],
]);

/** A phase that has begun, and its attributes so far. */
interface OpenPhase {
  phase: Phase;
  start: number;
  attributes: AttributeBag;
}

/** The phases that follow from the events of a span. */
export interface EventPhases {
  complete: PhaseInterval[];
  /** Phases whose end has no event. */
  open: PhaseInterval[];
}

/** Whether an event is the start or the end of a phase. */
export function isPhaseEvent(name: string): boolean {
  return STARTS.has(name) || DONES.has(name);
}

/**
 * Pairs the events of a span.
 *
 * @param end When the span ended, in milliseconds. Phases that are still open end then.
 */
export function eventPhases(events: readonly TimedEvent[], end: number): EventPhases {
  const open = new Map<string, OpenPhase>();
  const complete: PhaseInterval[] = [];
  let sent: number | undefined;
  for (const event of events) {
    const at = toMs(event.time);
    const attributes = event.attributes ?? {};
    const started = STARTS.get(event.name);
    if (started !== undefined) {
      if (started === 'receive' && sent !== undefined) {
        complete.push({ phase: 'wait', start: sent, end: at, details: [] });
        sent = undefined;
      }
      open.set(keyOf(started, attributes), { phase: started, start: at, attributes });
    }
    const done = DONES.get(event.name);
    const begun = done === undefined ? undefined : take(open, keyOf(done, attributes));
    if (begun !== undefined) {
      complete.push(intervalOf(begun, at, attributes));
      sent = sentAt(begun.phase, at, open) ?? sent;
    }
  }
  const waiting: OpenPhase[] = sent === undefined ? [] : [{ phase: 'wait', start: sent, attributes: {} }];
  return { complete, open: [...open.values(), ...waiting].map((begun) => intervalOf(begun, end, {})) };
}

/** The start of the wait, when everything is sent. There is no wait if the response began before. */
function sentAt(phase: Phase, at: number, open: ReadonlyMap<string, OpenPhase>): number | undefined {
  return phase === 'send' && !open.has('receive') ? at : undefined;
}

/** The key of an open phase. Several addresses may be dialled at a time, so the key of a dial has the address. */
function keyOf(phase: Phase, attributes: AttributeBag): string {
  return phase === 'connect' ? `connect ${peerOf(attributes)?.[0]}` : phase;
}

function take<Key, Value>(map: Map<Key, Value>, key: Key): Value | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}

function intervalOf(
  { phase, start, attributes }: OpenPhase,
  end: number,
  atEnd: AttributeBag,
): PhaseInterval {
  const details = detailsOf(phase, { ...attributes, ...atEnd });
  const error = stringOf(atEnd, ATTR_ERROR_TYPE);
  const interval: PhaseInterval = { phase, start, end: Math.max(start, end), details };
  return error === undefined ? interval : { ...interval, error };
}
