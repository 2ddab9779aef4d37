import type { ClientHttp2Stream } from 'node:http2';
import type { Origin } from '../../origin.js';
import type { RequestHeaders } from './headers.js';

/** One request of a `node:http2` client, as the trace sees it. */
export interface Http2Request {
  /** `undefined` before `made`, and for good if `session.request` threw. */
  readonly stream: ClientHttp2Stream | undefined;
  /** The program's header, with the fields that are added before it is sent. */
  readonly headers: RequestHeaders;
  /** The server that the request names. */
  readonly origin: Origin;
  /** Whether the stream's `timeout` event came. */
  readonly timedOut: boolean;
  /** Whether the program gave the request up without giving an error. */
  readonly givenUp: boolean;
}
