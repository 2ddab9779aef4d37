import type { ClientRecord } from './client.js';
import type { Interval } from './dial.js';

export type PhaseName = 'getconn' | 'dns' | 'connect' | 'tls' | 'send' | 'wait' | 'receive';

/** When each phase ended; `NaN` for one that did not happen. */
export type PhaseEnds = Readonly<Record<PhaseName, number>>;

/** Milliseconds of each phase; `NaN` for one that did not happen. */
export type PhaseDurations = Readonly<Record<PhaseName, number>>;

/**
 * Derives the ends of the phases of a finished record. One that failed lasted until it did, and one that was given up
 * until then.
 *
 * @param cutAt When the request failed or was given up; `NaN` if it ended.
 */
export function phaseEnds(record: ClientRecord, cutAt: number): PhaseEnds {
  const { gotConnAt, receivedAt, dial, outcome } = record;
  // A dial that goes on for a request that was given another connection is no phase of it any more.
  const cutDialAt = record.wasSent ? Number.NaN : cutAt;
  return {
    getconn: known(gotConnAt, cutDialAt),
    dns: dial === undefined ? Number.NaN : known(dial.dns.end, cutDialAt),
    connect: dial === undefined ? Number.NaN : known(dial.connect.end, cutDialAt),
    tls: dial === undefined ? Number.NaN : known(dial.tls.end, cutDialAt),
    send: sentAt(record, cutAt),
    wait: answeredAt(record, cutAt),
    receive: outcome?.kind === 'ended' ? receivedAt : cutAt,
  };
}

/** As `phaseEnds`, from the beginning of each. */
export function phaseDurations(record: ClientRecord, cutAt: number): PhaseDurations {
  const { wantedAt, gotConnAt, wroteRequestAt, responseAt, dial } = record;
  const ends = phaseEnds(record, cutAt);
  return {
    getconn: ends.getconn - wantedAt,
    dns: dial === undefined ? Number.NaN : ends.dns - dial.dns.start,
    connect: dial === undefined ? Number.NaN : ends.connect - dial.connect.start,
    tls: dial === undefined ? Number.NaN : ends.tls - dial.tls.start,
    send: ends.send - gotConnAt,
    wait: ends.wait - wroteRequestAt,
    receive: ends.receive - responseAt,
  };
}

function sentAt({ wroteRequestAt, writeError }: ClientRecord, cutAt: number): number {
  return writeError === undefined ? known(wroteRequestAt, cutAt) : cutAt;
}

/** The server may answer before it has read everything: then nothing was waited for. */
function answeredAt({ wroteRequestAt, responseAt, writeError }: ClientRecord, cutAt: number): number {
  if (Number.isNaN(responseAt)) {
    return writeError === undefined ? cutAt : Number.NaN;
  }
  return responseAt < wroteRequestAt ? Number.NaN : responseAt;
}

/** The phase that a request was in when it failed or was given up. */
export function lastPhase(record: ClientRecord): PhaseName {
  const { dial, wroteRequestAt, writeError, responseAt } = record;
  if (!record.wasSent) {
    return dial === undefined ? 'getconn' : lastDialPhase(dial);
  }
  if (!Number.isNaN(responseAt)) {
    return 'receive';
  }
  return Number.isNaN(wroteRequestAt) || writeError !== undefined ? 'send' : 'wait';
}

function lastDialPhase({ dns, connect, tls }: NonNullable<ClientRecord['dial']>): PhaseName {
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

function known(at: number, otherwise: number): number {
  return Number.isNaN(at) ? otherwise : at;
}
