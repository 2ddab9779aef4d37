import type { Phase } from '../../semconv/semconv.js';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_CONN_REUSED,
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTPTRACE_CANCELLED_PHASE,
  ATTR_HTTPTRACE_FAILED_PHASE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_TLS_CIPHER,
  ATTR_TLS_NEXT_PROTOCOL,
  ATTR_TLS_PROTOCOL_NAME,
  ATTR_TLS_PROTOCOL_VERSION,
  ATTR_URL_FULL,
  EVENT_GOT_1XX,
  EVENT_HTTP_TLS_DONE,
  PHASE_DURATION_ATTRIBUTES,
  PHASES,
} from '../../semconv/semconv.js';
import { booleanOf, numberOf, type ReadableSpan, stringOf, toMs } from '../../waterfall/readable-span.js';
import { failureText, type RequestFailure } from '../../waterfall/request-block.js';
import { phasesOf } from '../../waterfall/span-phases.js';

/** One request that is over: its span, and facts that the span does not have. */
export interface RequestReport {
  readonly span: ReadableSpan;
  /** Such as `HTTP/1.0`. Absent if only the protocol of the connection is known. */
  readonly protocol?: string;
  /** The word for a request that was given up. Default: `cancelled`. */
  readonly givenUp?: string;
  /** Where the answer sends its client. */
  readonly redirectedTo?: string;
  /** Whether the certificate was accepted without being verified. */
  readonly unverified?: boolean;
  /** Names and values of the response's head, if they were asked for. */
  readonly responseHeaders?: readonly (readonly [string, string])[];
}

/** One request as `--json` prints it. Times are milliseconds. Phases that did not happen are left out. */
export interface RequestSummary {
  url: string;
  method: string;
  status?: number;
  protocol?: string;
  reused?: boolean;
  phases: Partial<Record<Phase, number>>;
  total: number;
  error?: string;
  /** ISO 8601 */
  startTime: string;
  /** When each phase began, in milliseconds after the start of the request. */
  offsets: Partial<Record<Phase, number>>;
  remoteAddress?: string;
  remotePort?: number;
  tls?: { version?: string; cipher?: string; alpn?: string };
  /** Bytes of the bodies on the wire. */
  bytes: { sent?: number; received?: number };
  /** Status codes of the informational responses, in their order. */
  informational?: number[];
  redirectedTo?: string;
  responseHeaders?: readonly (readonly [string, string])[];
}

export function summaryOf(report: RequestReport): RequestSummary {
  const { span, redirectedTo, responseHeaders } = report;
  const { attributes } = span;
  const failure = failureOf(report);
  const informational = informationalOf(span);
  return {
    url: urlOf(span),
    method: methodOf(span),
    ...present({
      status: statusOf(span),
      protocol: protocolOf(report),
      reused: booleanOf(attributes, ATTR_HTTP_CONN_REUSED),
    }),
    phases: durationsOf(span),
    total: rounded(toMs(span.endTime) - toMs(span.startTime)),
    ...present({ error: failure === undefined ? undefined : failureText(failure) }),
    startTime: new Date(toMs(span.startTime)).toISOString(),
    offsets: offsetsOf(span),
    ...present({
      remoteAddress: stringOf(attributes, ATTR_NETWORK_PEER_ADDRESS),
      remotePort: numberOf(attributes, ATTR_NETWORK_PEER_PORT),
      tls: tlsOf(span),
    }),
    bytes: bytesOf(span),
    ...present({
      informational: informational.length === 0 ? undefined : informational,
      redirectedTo,
      responseHeaders,
    }),
  };
}

export function urlOf({ name, attributes }: ReadableSpan): string {
  return stringOf(attributes, ATTR_URL_FULL) ?? name;
}

/** The method as it was sent, even if unknown. */
export function methodOf({ name, attributes }: ReadableSpan): string {
  return (
    stringOf(attributes, ATTR_HTTP_REQUEST_METHOD_ORIGINAL) ??
    stringOf(attributes, ATTR_HTTP_REQUEST_METHOD) ??
    name
  );
}

export function statusOf({ attributes }: ReadableSpan): number | undefined {
  return numberOf(attributes, ATTR_HTTP_RESPONSE_STATUS_CODE);
}

/** The protocol; `undefined` without an answer. */
export function protocolOf({ span, protocol }: RequestReport): string | undefined {
  const version = stringOf(span.attributes, ATTR_NETWORK_PROTOCOL_VERSION);
  const ofConnection = version === undefined ? undefined : `HTTP/${version}`;
  return statusOf(span) === undefined ? undefined : (protocol ?? ofConnection);
}

/** Why a request ended early; `undefined` if it was answered, with any status. */
export function failureOf({ span, givenUp }: RequestReport): RequestFailure | undefined {
  const { attributes, status } = span;
  const cancelledPhase = stringOf(attributes, ATTR_HTTPTRACE_CANCELLED_PHASE);
  if (cancelledPhase !== undefined || givenUp !== undefined) {
    return { type: givenUp ?? 'cancelled', ...present({ phase: cancelledPhase }) };
  }
  const type = stringOf(attributes, ATTR_ERROR_TYPE);
  if (type === undefined || type === String(statusOf(span))) {
    return undefined;
  }
  return { type, ...present({ phase: failedPhaseOf(span), message: status.message || undefined }) };
}

export function failedPhaseOf({ attributes }: ReadableSpan): string | undefined {
  return stringOf(attributes, ATTR_HTTPTRACE_FAILED_PHASE);
}

function durationsOf({ attributes }: ReadableSpan): RequestSummary['phases'] {
  const durations: RequestSummary['phases'] = {};
  for (const phase of PHASES) {
    const seconds = numberOf(attributes, PHASE_DURATION_ATTRIBUTES[phase]);
    if (seconds !== undefined) {
      durations[phase] = rounded(seconds * 1_000);
    }
  }
  return durations;
}

function offsetsOf(span: ReadableSpan): RequestSummary['offsets'] {
  const offsets: RequestSummary['offsets'] = {};
  const start = toMs(span.startTime);
  for (const { phase, start: began } of phasesOf(span, [])) {
    offsets[phase] ??= rounded(began - start);
  }
  return offsets;
}

function tlsOf({ events }: ReadableSpan): RequestSummary['tls'] | undefined {
  const agreed = events.filter(({ name }) => name === EVENT_HTTP_TLS_DONE).at(-1)?.attributes;
  const version = stringOf(agreed, ATTR_TLS_PROTOCOL_VERSION);
  if (agreed === undefined || version === undefined) {
    return undefined;
  }
  const name = (stringOf(agreed, ATTR_TLS_PROTOCOL_NAME) ?? 'tls').toUpperCase();
  return {
    version: `${name}v${version}`,
    ...present({
      cipher: stringOf(agreed, ATTR_TLS_CIPHER),
      alpn: stringOf(agreed, ATTR_TLS_NEXT_PROTOCOL),
    }),
  };
}

/** The sizes of the bodies. No answer means no bytes of it. A size that the client does not tell is left out. */
function bytesOf(span: ReadableSpan): RequestSummary['bytes'] {
  const none = statusOf(span) === undefined ? 0 : undefined;
  return present({
    sent: numberOf(span.attributes, ATTR_HTTP_REQUEST_BODY_SIZE) ?? none,
    received: numberOf(span.attributes, ATTR_HTTP_RESPONSE_BODY_SIZE) ?? none,
  });
}

function informationalOf({ events }: ReadableSpan): number[] {
  return events
    .filter(({ name }) => name === EVENT_GOT_1XX)
    .map(({ attributes }) => numberOf(attributes, ATTR_HTTP_RESPONSE_STATUS_CODE))
    .filter((status) => status !== undefined);
}

/** Milliseconds rounded to the microsecond. Further digits mean nothing. */
export function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

type Present<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> };

/** The values without those that are `undefined`. */
export function present<Values extends object>(values: Values): Present<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Present<Values>;
}
