import type { ClientRecord } from './client.js';
import type { Interval } from './dial.js';

/** Told for each phase that happened, in milliseconds. */
export type PhaseVisitor = (phase: PhaseName, durationMs: number) => void;

export type PhaseName = 'getconn' | 'dns' | 'connect' | 'tls' | 'send' | 'wait' | 'receive';

/**
 * Derives the phases of a finished record. A phase that failed lasted until it did; one that the caller cut short,
 * or that did not happen, is left out.
 *
 * @param failed Whether the request failed, as opposed to ended or cancelled.
 */
export function visitPhases(record: ClientRecord, failed: boolean, visit: PhaseVisitor): void {
  const { wantedAt, gotConnAt, wroteRequestAt, firstByteAt, endedAt, dial } = record;
  const failedAt = failed ? endedAt : Number.NaN;
  report(visit, 'getconn', wantedAt, known(gotConnAt, failedAt));
  if (dial !== undefined) {
    reportInterval(visit, 'dns', dial.dns, failedAt);
    reportInterval(visit, 'connect', dial.connect, failedAt);
    reportInterval(visit, 'tls', dial.tls, failedAt);
  }
  if (Number.isNaN(gotConnAt)) {
    return;
  }
  report(visit, 'send', gotConnAt, known(wroteRequestAt, failedAt));
  // The server may answer before it has read everything.
  const waitingSince = Math.min(known(wroteRequestAt, firstByteAt), known(firstByteAt, wroteRequestAt));
  report(visit, 'wait', waitingSince, known(firstByteAt, record.writeError ? Number.NaN : failedAt));
  report(visit, 'receive', firstByteAt, record.outcome?.kind === 'ended' ? record.receivedAt : failedAt);
}

/** The phase that a request was in when it failed. */
export function failedPhase(record: ClientRecord): PhaseName {
  const { dial, gotConnAt, wroteRequestAt, writeError, firstByteAt } = record;
  if (Number.isNaN(gotConnAt)) {
    return dial === undefined ? 'getconn' : failedDialPhase(dial);
  }
  if (!Number.isNaN(firstByteAt)) {
    return 'receive';
  }
  return Number.isNaN(wroteRequestAt) || writeError !== undefined ? 'send' : 'wait';
}

function failedDialPhase({ dns, connect, tls }: NonNullable<ClientRecord['dial']>): PhaseName {
  if (isUnfinished(tls)) {
    return 'tls';
  }
  if (isUnfinished(connect)) {
    return 'connect';
  }
  return isUnfinished(dns) ? 'dns' : 'getconn';
}

function isUnfinished({ start, end, error }: Interval): boolean {
  return !Number.isNaN(start) && (Number.isNaN(end) || error !== undefined);
}

function reportInterval(
  visit: PhaseVisitor,
  phase: PhaseName,
  { start, end }: Interval,
  failedAt: number,
): void {
  report(visit, phase, start, known(end, failedAt));
}

function report(visit: PhaseVisitor, phase: PhaseName, start: number, end: number): void {
  const duration = end - start;
  if (duration >= 0) {
    visit(phase, duration);
  }
}

function known(at: number, otherwise: number): number {
  return Number.isNaN(at) ? otherwise : at;
}
