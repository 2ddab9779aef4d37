import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTPTRACE_FAILED_PHASE,
  PHASE_DURATION_ATTRIBUTES,
  PHASE_SPANS,
  PHASES,
  type Phase,
  SPAN_CONNECTION_SETUP,
  SPAN_DNS_LOOKUP,
  SPAN_SOCKET_CONNECT,
  SPAN_TLS_CLIENT_HANDSHAKE,
  SPAN_WAIT_FOR_CONNECTION,
} from '../semconv/semconv.js';
import { eventPhases } from './event-phases.js';
import { detailsOf } from './phase-details.js';
import { numberOf, type ReadableSpan, SPAN_KIND_INTERNAL, stringOf, toMs } from './readable-span.js';
import type { PhaseInterval } from './request-block.js';

/** The beginnings of span names in the form `linked-spans`, with the phase of each. */
const LINKED_SPAN_PHASES: readonly (readonly [name: string, phase: Phase])[] = [
  [SPAN_WAIT_FOR_CONNECTION, 'getconn'],
  [SPAN_DNS_LOOKUP, 'dns'],
  [SPAN_SOCKET_CONNECT, 'connect'],
  [SPAN_TLS_CLIENT_HANDSHAKE, 'tls'],
];

/** The span names in the form `spans`, with the phase of each. */
const PHASE_OF_SPAN: ReadonlyMap<string, Phase> = new Map(PHASES.map((phase) => [PHASE_SPANS[phase], phase]));

/** Whether a span is the set-up of a connection, which is a trace of its own in the form `linked-spans`. */
export function isConnectionSetup({ name }: ReadableSpan): boolean {
  return name.startsWith(`${SPAN_CONNECTION_SETUP} `);
}

/** The phase of a span; `undefined` if the span is no phase. */
export function phaseOfSpan({ name, kind }: ReadableSpan): Phase | undefined {
  if (kind !== SPAN_KIND_INTERNAL) {
    return undefined;
  }
  return PHASE_OF_SPAN.get(name) ?? LINKED_SPAN_PHASES.find(([prefix]) => name.startsWith(`${prefix} `))?.[1];
}

/**
 * The phases of a CLIENT span. They come from its events, or else from the spans of phases, or else from its attributes,
 * which say how long a phase took but not when.
 */
export function phasesOf(span: ReadableSpan, phaseSpans: readonly ReadableSpan[]): PhaseInterval[] {
  const end = toMs(span.endTime);
  const events = eventPhases(span.events, end);
  const known = settled(span, [...events.complete, ...openPhases(span, events.open)]);
  const fromSpans = phaseSpans.flatMap(intervalOf).filter(({ phase }) => !has(known, phase));
  const told = [...known, ...fromSpans];
  const phases = [...told, ...placedByDuration(span, told)];
  return markFailure(span, phases).sort(byOrder);
}

function has(intervals: readonly PhaseInterval[], phase: Phase): boolean {
  return intervals.some((interval) => interval.phase === phase);
}

/** The open phases in which the request ended. Other phases are open because the event of their end is switched off. */
function openPhases(span: ReadableSpan, open: readonly PhaseInterval[]): PhaseInterval[] {
  const answered = numberOf(span.attributes, ATTR_HTTP_RESPONSE_STATUS_CODE) !== undefined;
  const failedPhase = stringOf(span.attributes, ATTR_HTTPTRACE_FAILED_PHASE);
  return open.filter(({ phase }) => !answered || phase === 'receive' || phase === failedPhase);
}

/** The end of a phase at which its event is exact. The other end may be that of an informational response. */
const ANCHOR: Readonly<Partial<Record<Phase, 'start' | 'end'>>> = {
  send: 'end',
  wait: 'start',
  receive: 'end',
};

/** Attributes round durations to this, in milliseconds. */
const MICROSECOND = 0.001;

/**
 * Gives the phases of the last attempt the durations of the attributes, because an informational response ends no wait. A
 * phase whose events agree with its attribute keeps their exact times, so that facts of one moment stay in order.
 */
function settled(span: ReadableSpan, phases: readonly PhaseInterval[]): PhaseInterval[] {
  const msOf = (phase: Phase): number | undefined => {
    const seconds = numberOf(span.attributes, PHASE_DURATION_ATTRIBUTES[phase]);
    return seconds === undefined ? undefined : seconds * 1_000;
  };
  const tellsResponse = msOf('wait') !== undefined || msOf('receive') !== undefined;
  const last = new Map(phases.map((interval) => [interval.phase, interval]));
  return phases.flatMap((interval) => {
    const { phase, start, end } = interval;
    const ms = msOf(phase);
    if (last.get(phase) !== interval) {
      return [interval];
    }
    if (ANCHOR[phase] === undefined || (ms === undefined && (phase === 'send' || !tellsResponse))) {
      return [interval];
    }
    if (ms === undefined) {
      return [];
    }
    if (Math.abs(end - start - ms) < MICROSECOND) {
      return [interval];
    }
    return [ANCHOR[phase] === 'start' ? { ...interval, end: start + ms } : { ...interval, start: end - ms }];
  });
}

function intervalOf(span: ReadableSpan): PhaseInterval[] {
  const phase = phaseOfSpan(span);
  if (phase === undefined) {
    return [];
  }
  const error = stringOf(span.attributes, ATTR_ERROR_TYPE);
  const start = toMs(span.startTime);
  const interval = { phase, start, end: toMs(span.endTime), details: detailsOf(phase, span.attributes) };
  return [error === undefined ? interval : { ...interval, error }];
}

/** The phases before each phase. A phase of known length is placed after the first of them that is known. */
const PRECEDING: Readonly<Record<Phase, readonly Phase[]>> = {
  getconn: [],
  dns: [],
  connect: ['dns'],
  tls: ['connect', 'dns'],
  send: ['getconn'],
  wait: ['send', 'getconn'],
  receive: ['wait', 'send', 'getconn'],
};

function placedByDuration(span: ReadableSpan, told: readonly PhaseInterval[]): PhaseInterval[] {
  const placed: PhaseInterval[] = [];
  const start = toMs(span.startTime);
  const end = toMs(span.endTime);
  for (const phase of PHASES) {
    const seconds = numberOf(span.attributes, PHASE_DURATION_ATTRIBUTES[phase]);
    if (seconds === undefined || seconds < 0 || has(told, phase)) {
      continue;
    }
    const all = [...told, ...placed];
    const before = PRECEDING[phase].find((candidate) => has(all, candidate));
    const after = before === undefined ? start : lastEnd(all, before);
    const ms = seconds * 1_000;
    // The body ends with the span. Every other phase follows the one before it.
    const from = phase === 'receive' ? Math.max(start, end - ms) : after;
    placed.push({
      phase,
      start: from,
      end: Math.min(from + ms, end),
      details: detailsOf(phase, span.attributes),
    });
  }
  return placed;
}

function lastEnd(intervals: readonly PhaseInterval[], phase: Phase): number {
  return Math.max(...intervals.filter((interval) => interval.phase === phase).map(({ end }) => end));
}

/** Moves the error to the failed phase, away from the phases around it. */
function markFailure(span: ReadableSpan, phases: readonly PhaseInterval[]): PhaseInterval[] {
  const failedPhase = PHASES.find(
    (phase) => phase === stringOf(span.attributes, ATTR_HTTPTRACE_FAILED_PHASE),
  );
  const type = stringOf(span.attributes, ATTR_ERROR_TYPE);
  if (failedPhase === undefined || type === undefined) {
    return [...phases];
  }
  if (!has(phases, failedPhase)) {
    const start = Math.max(toMs(span.startTime), ...phases.map(({ end }) => end));
    const end = Math.max(start, toMs(span.endTime));
    return [...phases, { phase: failedPhase, start, end, details: [], error: type }];
  }
  const told = phases.some(({ phase, error }) => phase === failedPhase && error !== undefined);
  const marked = told ? -1 : phases.map(({ phase }) => phase).lastIndexOf(failedPhase);
  return phases.map(({ error, ...interval }, index) => {
    const own = interval.phase === 'getconn' && failedPhase !== 'getconn' ? undefined : error;
    const shown = index === marked ? type : own;
    return shown === undefined ? interval : { ...interval, error: shown };
  });
}

function byOrder(a: PhaseInterval, b: PhaseInterval): number {
  return PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) || a.start - b.start;
}
