import type { ServerRecord } from '../../recorder/server.js';
import type { ServedRequest } from '../../source/server/trace.js';

/**
 * How many bytes the body of a request had on the wire; `undefined` if that is not known, because the program did
 * not read it and nothing told its length.
 */
export function requestBodySize(request: ServedRequest, record: ServerRecord): number | undefined {
  if (record.requestBodyBytes > 0) {
    return record.requestBodyBytes;
  }
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (length !== undefined) {
    return 'complete' in request && request.complete ? wholeNumber(length) : undefined;
  }
  const mayHaveBody = encoding !== undefined || ('stream' in request && !request.stream.endAfterHeaders);
  return mayHaveBody ? undefined : 0;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
