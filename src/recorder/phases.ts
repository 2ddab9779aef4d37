import type { ClientRecord } from './client.js';
import type { Interval } from './dial.js';

type DialPhase = 'dns' | 'connect' | 'tls';

export type PhaseName = 'getconn' | DialPhase | 'send' | 'wait' | 'receive';

/** When the phases that follow each other ended; `NaN` for one that did not happen. */
export interface ExchangeEnds {
  readonly getconn: number;
  readonly send: number;
  readonly wait: number;
  readonly receive: number;
}

/**
 * When the phases of a finished record ended. One that failed lasted until it did, and one that was given up until then.
 *
 * @param cutAt When the request failed or was given up; `NaN` if it ended.
 */
export function exchangeEnds(record: ClientRecord, cutAt: number): ExchangeEnds {
  const { gotConnAt, wroteRequestAt, writeError, responseAt } = record;
  let wait = writeError === undefined ? cutAt : Number.NaN;
  if (!Number.isNaN(responseAt)) {
    // The server may answer before it has read everything: then nothing was waited for.
    wait = responseAt < wroteRequestAt ? Number.NaN : responseAt;
  }
  return {
    getconn: Number.isNaN(gotConnAt) && !record.wasSent ? cutAt : gotConnAt,
    send: writeError === undefined && !Number.isNaN(wroteRequestAt) ? wroteRequestAt : cutAt,
    wait,
    receive: record.outcome?.kind === 'ended' ? record.receivedAt : cutAt,
  };
}

/** When a phase of a finished record began; `NaN` if it did not happen. */
export function phaseStart(
  { wantedAt, gotConnAt, wroteRequestAt, responseAt, dial }: ClientRecord,
  phase: PhaseName,
): number {
  switch (phase) {
    case 'getconn':
      return wantedAt;
    case 'send':
      return gotConnAt;
    case 'wait':
      return wroteRequestAt;
    case 'receive':
      return responseAt;
    default:
      return dial === undefined ? Number.NaN : dial[phase].start;
  }
}

/** When a phase of a finished record ended; `NaN` if it did not happen: see `exchangeEnds`. */
export function phaseEnd(record: ClientRecord, phase: PhaseName, cutAt: number): number {
  switch (phase) {
    case 'dns':
    case 'connect':
    case 'tls':
      return dialEnd(record, phase, cutAt);
    default:
      return exchangeEnds(record, cutAt)[phase];
  }
}

/** Milliseconds of a phase; `NaN` if it did not happen. */
export function phaseDuration(record: ClientRecord, phase: PhaseName, cutAt: number): number {
  return phaseEnd(record, phase, cutAt) - phaseStart(record, phase);
}

/** A dial that goes on for a request that was given another connection is no phase of it any more. */
function dialEnd(record: ClientRecord, phase: DialPhase, cutAt: number): number {
  const end = record.dial === undefined ? Number.NaN : record.dial[phase].end;
  return Number.isNaN(end) && !record.wasSent ? cutAt : end;
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
