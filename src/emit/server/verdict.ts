import type { ServerOutcome, ServerRecord } from '../../recorder/server.js';
import type { ServedResponse } from '../../source/server/trace.js';
import { serverStatusErrorType } from '../http/attributes.js';
import { errorMessage, errorType } from '../http/error.js';
import { boundRoute } from './context.js';
import type { ServedStart } from './start.js';

/** How a request came to its end, as its telemetry tells it. */
export interface ServerVerdict {
  /** What was sent, if anything was. */
  readonly statusCode: number | undefined;
  /** `http.route`, if a framework has set it. */
  readonly route: string | undefined;
  /** `error.type`; `undefined` if the request was no error of the server. */
  readonly errorType: string | undefined;
  /** What is said of the error in the span's status. */
  readonly message: string | undefined;
}

/** What a peer leaves behind that vanished, whatever Node noticed first. */
const PEER_GONE = 'ECONNRESET';

export function judgeServed(record: ServerRecord, { response, metadata }: ServedStart): ServerVerdict {
  const { outcome, error, hasError } = record;
  const route = metadata.route || (response && boundRoute(response));
  const statusCode = record.headLeft ? (record.statusCode ?? sentStatus(response)) : undefined;
  if (hasError) {
    return { statusCode, route, errorType: errorType(error), message: errorMessage(error) };
  }
  const statusError = statusCode === undefined ? undefined : serverStatusErrorType(statusCode);
  return {
    statusCode,
    route,
    errorType: statusError ?? cutOffErrorType(outcome, statusCode),
    message: undefined,
  };
}

/** Who leaves when the head is there gives up what he has asked for, and that is no error of the server. */
function cutOffErrorType(
  outcome: ServerOutcome | undefined,
  statusCode: number | undefined,
): string | undefined {
  return outcome === 'destroyed' || (outcome === 'aborted' && statusCode === undefined)
    ? PEER_GONE
    : undefined;
}

/** Node presets 200: until the head is sent it means nothing. */
function sentStatus(response: ServedResponse | undefined): number | undefined {
  return response?.headersSent === true ? response.statusCode : undefined;
}
