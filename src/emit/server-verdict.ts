import type { ServerRecord } from '../recorder/server.js';
import type { ServedResponse } from '../source/server-trace.js';
import { serverStatusErrorType } from './attributes.js';
import { errorMessage, errorType } from './error.js';

/** How a request came to its end, as its telemetry tells it. */
export interface ServerVerdict {
  /** What was sent, if anything was. */
  readonly statusCode: number | undefined;
  /** `error.type`; `undefined` if the request was no error of the server. */
  readonly errorType: string | undefined;
  /** What is said of the error in the span's status. */
  readonly message: string | undefined;
}

/** What a peer leaves behind that vanished, whatever Node noticed first. */
const PEER_GONE = 'ECONNRESET';

export function judgeServed(record: ServerRecord, response: ServedResponse | undefined): ServerVerdict {
  const { outcome, error, hasError } = record;
  const statusCode = record.statusCode ?? sentStatus(response);
  if (hasError) {
    return { statusCode, errorType: errorType(error), message: errorMessage(error) };
  }
  if (outcome === 'aborted' || outcome === 'destroyed') {
    return { statusCode, errorType: PEER_GONE, message: undefined };
  }
  const statusError = statusCode === undefined ? undefined : serverStatusErrorType(statusCode);
  return { statusCode, errorType: statusError, message: undefined };
}

/** Node presets 200: until the head is sent it means nothing. */
function sentStatus(response: ServedResponse | undefined): number | undefined {
  return response?.headersSent === true ? response.statusCode : undefined;
}
