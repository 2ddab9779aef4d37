import type { Phase } from '../semconv/semconv.js';
import { formatBytes, formatDuration, formatMessage, formatStatus } from './format.js';
import type { Block, Note, Outcome, Row, Tone } from './model.js';

/** One phase of a request. Times are milliseconds on any clock. */
export interface PhaseInterval {
  phase: Phase;
  start: number;
  end: number;
  /** Such as the host, the address or the TLS version. */
  details: readonly string[];
  /** `error.type` of the failure; absent if the phase went well. */
  error?: string;
}

/** Something that happened at one moment. */
export interface Moment {
  name: string;
  details: readonly string[];
  at: number;
  failed: boolean;
}

/** Whether the connection was reused, and for how long it was idle before. */
export interface ConnectionFacts {
  reused?: boolean;
  idleMs?: number;
  /** `host:port` of the peer. */
  peer?: string;
}

/** All that is known of an outgoing request. */
export interface RequestFacts {
  /** Method and URL. */
  title: string;
  service?: string;
  start: number;
  end: number;
  status?: number;
  /** Such as `HTTP/1.1`. */
  protocol?: string;
  connection: ConnectionFacts;
  phases: readonly PhaseInterval[];
  moments: readonly Moment[];
  failure?: RequestFailure;
}

/** The `error.type` of a failure, the phase in which the request failed, and the client's message. */
export interface RequestFailure {
  type: string;
  phase?: string;
  message?: string;
}

/** The phases of a dial. They happen inside `getconn`. */
const DIAL: ReadonlySet<Phase> = new Set(['dns', 'connect', 'tls']);

/** The block of an outgoing request, with a row for each phase. */
export function requestBlock(
  facts: RequestFacts,
  children: readonly Block[] = [],
  notes: readonly Note[] = [],
): Block {
  const failure = failureNote(facts);
  const block: Block = {
    side: 'client',
    title: facts.title,
    outcome: outcomeOf(facts),
    facts: summaryOf(facts),
    start: facts.start,
    end: facts.end,
    rows: rowsOf(facts),
    notes: failure === undefined ? notes : [failure, ...notes],
    children,
  };
  return facts.service === undefined ? block : { ...block, service: facts.service };
}

/** What a status code means to the reader, such as `good` for a success. */
export function statusTone(status: number): Tone {
  if (status < 300) {
    return 'good';
  }
  return status < 400 ? 'redirect' : status < 500 ? 'warning' : 'bad';
}

function outcomeOf({ status, failure }: RequestFacts): Outcome {
  const failed = failure !== undefined && failure.type !== String(status);
  if (status === undefined) {
    return failed ? { text: `✗ ${failure.type}`, tone: 'bad' } : { text: 'no response', tone: 'warning' };
  }
  const text = formatStatus(status);
  return failed
    ? { text: `✗ ${failure.type} after ${text}`, tone: 'bad' }
    : { text, tone: statusTone(status) };
}

function failureNote({ failure, status }: RequestFacts): Note | undefined {
  if (failure === undefined || failure.type === String(status)) {
    return undefined;
  }
  return { text: `✗ ${failureText(failure)}`, tone: 'bad' };
}

/** The text of a failure, such as `ECONNREFUSED in connect: connect ECONNREFUSED 127.0.0.1:9`. */
export function failureText({ type, phase, message }: RequestFailure): string {
  const where = phase === undefined ? '' : ` in ${phase}`;
  return `${type}${where}${message === undefined ? '' : `: ${formatMessage(message)}`}`;
}

function summaryOf({ protocol, connection, phases }: RequestFacts): string[] {
  const addressIsShown = phases.some(({ phase, details }) => phase === 'connect' && details.length > 0);
  const reuseIsShown = phases.some(({ phase }) => phase === 'getconn');
  return [
    protocol,
    addressIsShown ? undefined : connection.peer,
    reuseIsShown ? undefined : reuseOf(connection),
  ].filter((fact) => fact !== undefined);
}

function reuseOf({ reused, idleMs }: ConnectionFacts): string | undefined {
  if (reused === undefined) {
    return undefined;
  }
  const idle = idleMs === undefined ? '' : ` after ${formatDuration(idleMs)} idle`;
  return reused ? `reused${idle}` : `new connection${idle}`;
}

function rowsOf({ phases, moments, connection }: RequestFacts): Row[] {
  const rows: Row[] = [];
  const dial = phases.filter(({ phase }) => DIAL.has(phase)).map((interval) => rowOf(interval));
  let dialIsPlaced = dial.length === 0;
  for (const interval of phases.filter(({ phase }) => !DIAL.has(phase))) {
    if (interval.phase === 'getconn' && !dialIsPlaced) {
      rows.push(rowOf(interval, dial, reuseOf(connection)));
      dialIsPlaced = true;
    } else {
      rows.push(rowOf(interval, [], interval.phase === 'getconn' ? reuseOf(connection) : undefined));
    }
  }
  return placeMoments(dialIsPlaced ? rows : [...dial, ...rows], moments);
}

function rowOf(interval: PhaseInterval, rows: readonly Row[] = [], reuse?: string): Row {
  const { phase, start, end, details, error } = interval;
  return {
    name: phase,
    phase,
    details: [
      ...(error === undefined ? [] : [`✗ ${error}`]),
      ...(reuse === undefined ? [] : [reuse]),
      ...details,
    ],
    start,
    end,
    failed: error !== undefined,
    rows,
  };
}

/** Puts each moment under the phase in which it happened. Where two phases touch, it is the later one. */
function placeMoments(rows: readonly Row[], moments: readonly Moment[]): Row[] {
  const placed = rows.map((row) => ({ ...row, rows: [...row.rows] }));
  const loose: Row[] = [];
  for (const moment of moments) {
    const around = placed.filter(
      ({ start, end }) => end !== undefined && moment.at >= start && moment.at <= end,
    );
    const owner = around.at(-1);
    (owner?.rows ?? loose).push(momentRow(moment));
  }
  return [...placed, ...loose];
}

/** The row of a moment. */
export function momentRow({ name, details, at, failed }: Moment): Row {
  return { name, details, start: at, failed, rows: [] };
}

/** A number of bytes as text, such as `12 B`; none if it is unknown. */
export function bytesDetail(bytes: number | undefined): string[] {
  return bytes === undefined ? [] : [formatBytes(bytes)];
}
