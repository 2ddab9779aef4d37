import type { ClientRecord } from './client.js';
import type { Interval } from './dial.js';

export type PhaseName = 'getconn' | 'dns' | 'connect' | 'tls' | 'send' | 'wait' | 'receive';

/** Milliseconds of each phase; `NaN` for one that did not happen, or that the caller cut short. */
export type PhaseDurations = Readonly<Record<PhaseName, number>>;

/**
 * Derives the phases of a finished record. A phase that failed lasted until it did.
 *
 * @param failed Whether the request failed, as opposed to ended or cancelled.
 */
export function phaseDurations(record: ClientRecord, failed: boolean): PhaseDurations {
  const { wantedAt, gotConnAt, firstByteAt, receivedAt, endedAt, dial, outcome } = record;
  const failedAt = failed ? endedAt : Number.NaN;
  return {
    getconn: known(gotConnAt, record.wasSent ? Number.NaN : failedAt) - wantedAt,
    dns: dial === undefined ? Number.NaN : lengthOf(dial.dns, failedAt),
    connect: dial === undefined ? Number.NaN : lengthOf(dial.connect, failedAt),
    tls: dial === undefined ? Number.NaN : lengthOf(dial.tls, failedAt),
    send: writtenAt(record, failedAt) - gotConnAt,
    wait: waited(record, failedAt),
    receive: (outcome?.kind === 'ended' ? receivedAt : failedAt) - firstByteAt,
  };
}

function writtenAt({ wroteRequestAt, writeError }: ClientRecord, failedAt: number): number {
  return writeError === undefined ? known(wroteRequestAt, failedAt) : failedAt;
}

/** The server may answer before it has read everything: then nothing was waited for. */
function waited(record: ClientRecord, failedAt: number): number {
  const { gotConnAt, wroteRequestAt, firstByteAt, writeError } = record;
  if (Number.isNaN(firstByteAt)) {
    return writeError === undefined ? failedAt - wroteRequestAt : Number.NaN;
  }
  if (Number.isNaN(wroteRequestAt)) {
    return Number.isNaN(gotConnAt) ? Number.NaN : 0;
  }
  return Math.max(0, firstByteAt - wroteRequestAt);
}

/** The phase that a request was in when it failed. */
export function failedPhase(record: ClientRecord): PhaseName {
  const { dial, wroteRequestAt, writeError, firstByteAt } = record;
  if (!record.wasSent) {
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

function lengthOf({ start, end }: Interval, failedAt: number): number {
  return known(end, failedAt) - start;
}

function known(at: number, otherwise: number): number {
  return Number.isNaN(at) ? otherwise : at;
}
