import type { ClientHttp2Stream } from 'node:http2';
import type { Origin } from '../../origin.js';
import type { RequestHeaders } from './headers.js';

/** One request of a `node:http2` client, as those who are told of it see it. */
export interface Http2Request {
  /** Node's own object for it; there from `made` on, unless `session.request` threw. */
  readonly stream: ClientHttp2Stream | undefined;
  /** What the program gave, and what is added to it before it is sent. */
  readonly headers: RequestHeaders;
  /** Whom it asks for. */
  readonly origin: Origin;
  /** Whether the stream's `timeout` event came. */
  readonly timedOut: boolean;
  /** Whether the program gave it up, without giving an error. */
  readonly givenUp: boolean;
}
