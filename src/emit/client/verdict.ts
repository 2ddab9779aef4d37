import type { ClientRecord } from '../../recorder/client.js';
import { clientStatusErrorType } from '../http/attributes.js';
import { errorMessage, failureErrorType } from '../http/error.js';
import type { ClientRequestView } from './views/view.js';

/** How a request came to its end, as its telemetry tells it. */
export interface ClientVerdict {
  /** Type of the failure; `undefined` for a request that ended or that the caller cancelled. */
  readonly failure: string | undefined;
  readonly message: string | undefined;
  readonly cancelled: boolean;
  /** `error.type`: a failure, else a bad status. */
  readonly errorType: string | undefined;
  /** When it was over; for a body given up, when something of it came last: a clean-up must not decide that. */
  readonly endedAt: number;
  /** When the phase that was under way was cut off; `NaN` if none was. */
  readonly cutAt: number;
}

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
