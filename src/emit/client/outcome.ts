import type { ClientRecord } from '../../recorder/client.js';
import type { Interval } from '../../recorder/dial.js';
import { clientStatusErrorType } from '../http/attributes.js';
import { errorMessage, failureErrorType } from '../http/error.js';
import type { ClientRequestView } from './views/view.js';

/** How a request ended, as its telemetry tells it. */
export interface ClientVerdict {
  /** Type of the failure; `undefined` for a request that is complete or that the caller cancelled. */
  readonly failure: string | undefined;
  readonly message: string | undefined;
  readonly cancelled: boolean;
  /** `error.type`: the failure, or else the status if it is an error; `undefined` if there was neither. */
  readonly errorType: string | undefined;
  /**
   * When the request was over. A request whose body was given up was over with the last activity: a clean-up that comes much
   * later must not stretch it.
   */
  readonly endedAt: number;
  /** When the phase under way was cut off; `NaN` if none was. */
  readonly cutAt: number;
}

/**
 * Says how a finished request ended.
 *
 * @param statusCode Of the final response; `undefined` if there was none.
 */
export function judge(
  record: ClientRecord,
  statusCode: number | undefined,
  view: ClientRequestView,
): ClientVerdict {
  const { outcome, endedAt } = record;
  const statusError = statusCode === undefined ? undefined : clientStatusErrorType(statusCode);
  if (outcome?.kind !== 'failed') {
    return {
      failure: undefined,
      message: undefined,
      cancelled: false,
      errorType: statusError,
      endedAt,
      cutAt: Number.NaN,
    };
  }
  const { error } = outcome;
  const failure = failureErrorType({
    error,
    gotResponse: statusCode !== undefined,
    ...view.failureHints(record),
  });
  if (failure === undefined) {
    const cutAt = statusCode === undefined ? endedAt : lastActivity(record);
    return { failure, message: undefined, cancelled: true, errorType: statusError, endedAt: cutAt, cutAt };
  }
  return {
    failure,
    message: errorMessage(error),
    cancelled: false,
    errorType: failure,
    endedAt,
    cutAt: endedAt,
  };
}

function lastActivity({ receivedAt, wroteRequestAt, writeError, facts }: ClientRecord): number {
  let last = receivedAt;
  for (const fact of facts) {
    if (fact.at > last && !(fact.hook === 'wroteRequest' && fact.err !== undefined)) {
      last = fact.at;
    }
  }
  return writeError === undefined && wroteRequestAt > last ? wroteRequestAt : last;
}

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
 * When the phases of a finished record ended. A phase that failed or was given up ended at `cutAt`.
 *
 * @param cutAt When the request failed or was given up; `NaN` if it is complete.
 */
export function exchangeEnds(record: ClientRecord, cutAt: number): ExchangeEnds {
  const { gotConnAt, wroteRequestAt, writeError, responseAt } = record;
  let wait = writeError === undefined ? cutAt : Number.NaN;
  if (!Number.isNaN(responseAt)) {
    // A server may answer before it has read the whole request. Then there was no wait.
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

/** When a phase of a finished record ended; `NaN` if it did not happen. See `exchangeEnds`. */
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

/** A dial that goes on after its request got another connection has no end here: it is no phase of the request any more. */
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
