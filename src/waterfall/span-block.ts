import {
  ATTR_CLIENT_ADDRESS,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_CONN_IDLETIME,
  ATTR_HTTP_CONN_REUSED,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_HTTPTRACE_ABORTED,
  ATTR_HTTPTRACE_FAILED_PHASE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_URL_FULL,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  EVENT_HTTP_GETCONN_DONE,
  EVENT_HTTP_RESPONSE_END,
  PHASE_SPANS,
} from '../semconv/semconv.js';
import { formatMessage, formatStatus } from './format.js';
import type { Block, Note, Outcome, Row } from './model.js';
import { momentsOf } from './moments.js';
import { peerOf } from './phase-details.js';
import {
  booleanOf,
  numberOf,
  type ReadableSpan,
  SPAN_KIND_CLIENT,
  SPAN_KIND_SERVER,
  STATUS_ERROR,
  stringOf,
  toMs,
} from './readable-span.js';
import {
  bytesDetail,
  type ConnectionFacts,
  momentRow,
  type PhaseInterval,
  type RequestFacts,
  requestBlock,
  statusTone,
} from './request-block.js';
import { phasesOf } from './span-phases.js';

/** Further events of a span are counted and not drawn. */
const MOST_MOMENTS = 30;

/** What is known of a span from the spans around it. */
export interface SpanSurroundings {
  /** The spans of its phases. */
  phaseSpans: readonly ReadableSpan[];
  /** The service; `undefined` if it is that of the parent. */
  service: string | undefined;
  links: readonly Note[];
  children: readonly Block[];
}

/** The block of one span. */
export function spanBlock(span: ReadableSpan, around: SpanSurroundings): Block {
  const isHttp = stringOf(span.attributes, ATTR_HTTP_REQUEST_METHOD) !== undefined;
  const phases = span.kind === SPAN_KIND_CLIENT ? phasesOf(span, around.phaseSpans) : [];
  if (span.kind === SPAN_KIND_CLIENT && (isHttp || phases.length > 0)) {
    return clientBlock(span, phases, around);
  }
  const block =
    isHttp && span.kind === SPAN_KIND_SERVER ? serverBlock(span, around) : otherBlock(span, around);
  return around.service === undefined ? block : { ...block, service: around.service };
}

function clientBlock(
  span: ReadableSpan,
  phases: readonly PhaseInterval[],
  { phaseSpans, service, links, children }: SpanSurroundings,
): Block {
  const facts = requestFacts(span, phases, phaseSpans);
  return requestBlock(service === undefined ? facts : { ...facts, service }, children, [
    ...leftOut(span),
    ...links,
  ]);
}

/** All that a CLIENT span and the spans of its phases tell of a request. */
export function requestFacts(
  span: ReadableSpan,
  phases: readonly PhaseInterval[],
  phaseSpans: readonly ReadableSpan[] = [],
): RequestFacts {
  const { attributes } = span;
  const url = stringOf(attributes, ATTR_URL_FULL);
  const status = numberOf(attributes, ATTR_HTTP_RESPONSE_STATUS_CODE);
  const protocol = protocolOf(span);
  const failure = failureOf(span);
  return {
    title: url === undefined ? span.name : `${stringOf(attributes, ATTR_HTTP_REQUEST_METHOD)} ${url}`,
    start: toMs(span.startTime),
    end: toMs(span.endTime),
    connection: connectionOf(span, phaseSpans),
    phases,
    moments: momentsOf(span.events).slice(0, MOST_MOMENTS),
    ...(status === undefined ? {} : { status }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(failure === undefined ? {} : { failure }),
  };
}

function connectionOf(
  { events, attributes }: ReadableSpan,
  phaseSpans: readonly ReadableSpan[],
): ConnectionFacts {
  const event = events.filter(({ name }) => name === EVENT_HTTP_GETCONN_DONE).at(-1);
  const span = phaseSpans.find(({ name }) => name === PHASE_SPANS.getconn);
  const all = { ...attributes, ...event?.attributes, ...span?.attributes };
  const reused = booleanOf(all, ATTR_HTTP_CONN_REUSED);
  const idle = numberOf(all, ATTR_HTTP_CONN_IDLETIME);
  const peer = peerOf(all)?.[0];
  return {
    ...(reused === undefined ? {} : { reused }),
    ...(idle === undefined ? {} : { idleMs: idle * 1_000 }),
    ...(peer === undefined ? {} : { peer }),
  };
}

function failureOf({ attributes, status }: ReadableSpan): RequestFacts['failure'] {
  const type = stringOf(attributes, ATTR_ERROR_TYPE) ?? (status.code === STATUS_ERROR ? 'error' : undefined);
  if (type === undefined) {
    return undefined;
  }
  const phase = stringOf(attributes, ATTR_HTTPTRACE_FAILED_PHASE);
  return {
    type,
    ...(phase === undefined ? {} : { phase }),
    ...(status.message === undefined || status.message === '' ? {} : { message: status.message }),
  };
}

function protocolOf({ attributes }: ReadableSpan): string | undefined {
  const version = stringOf(attributes, ATTR_NETWORK_PROTOCOL_VERSION);
  return version === undefined ? undefined : `HTTP/${version}`;
}

function serverBlock(span: ReadableSpan, { links, children }: SpanSurroundings): Block {
  const { attributes } = span;
  const path = stringOf(attributes, ATTR_URL_PATH) ?? '';
  const query = stringOf(attributes, ATTR_URL_QUERY);
  return {
    side: 'server',
    title: `${stringOf(attributes, ATTR_HTTP_REQUEST_METHOD)} ${path}${query === undefined ? '' : `?${query}`}`,
    outcome: serverOutcome(span),
    facts: serverFacts(span, path),
    start: toMs(span.startTime),
    end: toMs(span.endTime),
    rows: momentRows(span),
    notes: [...statusNote(span), ...leftOut(span), ...links],
    children,
  };
}

/** The facts of a server span that neither its headline nor its events say. */
function serverFacts(span: ReadableSpan, path: string): string[] {
  const { attributes, events } = span;
  const client = stringOf(attributes, ATTR_CLIENT_ADDRESS);
  const route = stringOf(attributes, ATTR_HTTP_ROUTE);
  const sizeIsShown = events.some(({ name }) => name === EVENT_HTTP_RESPONSE_END);
  return [
    protocolOf(span),
    client === undefined ? undefined : `from ${client}`,
    route === undefined || route === path ? undefined : `route ${route}`,
    ...(sizeIsShown ? [] : bytesDetail(numberOf(attributes, ATTR_HTTP_RESPONSE_BODY_SIZE))),
  ].filter((fact) => fact !== undefined);
}

function serverOutcome({ attributes, status }: ReadableSpan): Outcome {
  const code = numberOf(attributes, ATTR_HTTP_RESPONSE_STATUS_CODE);
  const type = stringOf(attributes, ATTR_ERROR_TYPE);
  const text = code === undefined ? 'no response' : formatStatus(code);
  if (booleanOf(attributes, ATTR_HTTPTRACE_ABORTED) === true) {
    return { text: `✗ aborted by the client after ${text}`, tone: 'bad' };
  }
  if (status.code === STATUS_ERROR && type !== undefined && type !== String(code)) {
    return { text: `✗ ${type} after ${text}`, tone: 'bad' };
  }
  return { text, tone: code === undefined ? 'warning' : statusTone(code) };
}

function otherBlock(span: ReadableSpan, { links, children }: SpanSurroundings): Block {
  return {
    side: 'other',
    title: span.name,
    facts: [],
    start: toMs(span.startTime),
    end: toMs(span.endTime),
    rows: momentRows(span),
    notes: [...statusNote(span), ...leftOut(span), ...links],
    children,
  };
}

function momentRows({ events }: ReadableSpan): Row[] {
  return momentsOf(events).slice(0, MOST_MOMENTS).map(momentRow);
}

/** Why a span failed; none if the status code in the headline says it. */
function statusNote({ attributes, status }: ReadableSpan): Note[] {
  if (status.code !== STATUS_ERROR) {
    return [];
  }
  const type = stringOf(attributes, ATTR_ERROR_TYPE);
  const words = [type === String(numberOf(attributes, ATTR_HTTP_RESPONSE_STATUS_CODE)) ? undefined : type];
  const message = formatMessage(status.message ?? '');
  const text = [...words, message].filter((word) => word !== undefined && word !== '').join(': ');
  const named = text !== '' || numberOf(attributes, ATTR_HTTP_RESPONSE_STATUS_CODE) !== undefined;
  return text === '' && named ? [] : [{ text: `✗ ${text === '' ? 'error' : text}`, tone: 'bad' }];
}

function leftOut({ events }: ReadableSpan): Note[] {
  const more = momentsOf(events).length - MOST_MOMENTS;
  return more > 0 ? [{ text: `… and ${more} more events`, tone: 'neutral' }] : [];
}
