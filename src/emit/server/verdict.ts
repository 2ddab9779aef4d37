import type { ServerRecord } from '../../recorder/server.js';
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
  const statusCode = record.statusCode ?? sentStatus(response);
  if (hasError) {
    return { statusCode, route, errorType: errorType(error), message: errorMessage(error) };
  }
  if (outcome === 'aborted' || outcome === 'destroyed') {
    return { statusCode, route, errorType: PEER_GONE, message: undefined };
  }
  const statusError = statusCode === undefined ? undefined : serverStatusErrorType(statusCode);
  return { statusCode, route, errorType: statusError, message: undefined };
}

/** Node presets 200: until the head is sent it means nothing. */
function sentStatus(response: ServedResponse | undefined): number | undefined {
  return response?.headersSent === true ? response.statusCode : undefined;
}
