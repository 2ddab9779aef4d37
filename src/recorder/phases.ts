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
  const { wantedAt, gotConnAt, wroteRequestAt, firstByteAt, receivedAt, endedAt, dial } = record;
  const failedAt = failed ? endedAt : Number.NaN;
  const sent = !Number.isNaN(gotConnAt);
  return {
    getconn: known(gotConnAt, failedAt) - wantedAt,
    dns: dial === undefined ? Number.NaN : lengthOf(dial.dns, failedAt),
    connect: dial === undefined ? Number.NaN : lengthOf(dial.connect, failedAt),
    tls: dial === undefined ? Number.NaN : lengthOf(dial.tls, failedAt),
    send: known(wroteRequestAt, failedAt) - gotConnAt,
    wait: sent ? waited(record, failedAt) : Number.NaN,
    receive: (record.outcome?.kind === 'ended' ? receivedAt : failedAt) - firstByteAt,
  };
}

/** The server may answer before it has read everything: then nothing was waited for. */
function waited({ wroteRequestAt, firstByteAt, writeError }: ClientRecord, failedAt: number): number {
  if (Number.isNaN(firstByteAt)) {
    return writeError === undefined ? failedAt - wroteRequestAt : Number.NaN;
  }
  return Number.isNaN(wroteRequestAt) ? 0 : Math.max(0, firstByteAt - wroteRequestAt);
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

function lengthOf({ start, end }: Interval, failedAt: number): number {
  return known(end, failedAt) - start;
}

function known(at: number, otherwise: number): number {
  return Number.isNaN(at) ? otherwise : at;
}
