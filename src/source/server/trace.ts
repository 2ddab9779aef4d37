import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { ListenerContext, ResponseObserver } from '../../httpsnoop/response-observer.js';
import type { Http2StreamRequest, Http2StreamResponse } from './stream-messages.js';

/** A request as its server got it. */
export type ServedRequest = IncomingMessage | Http2ServerRequest | Http2StreamRequest;

/** What a request is answered with. One that is about to get the whole connection has none. */
export type ServedResponse = ServerResponse | Http2ServerResponse | Http2StreamResponse;

/**
 * What a source tells of one incoming request, each step when it happens: all that a follower tells of its response,
 * and what only a server knows. Nothing throws. One of `closed`, `threw` and `hijacked` comes first of what ends it;
 * whatever comes later is of no interest.
 */
export interface ServerTrace extends ResponseObserver {
  /** The request's own context; `undefined` if its listeners run in the one that they find. */
  readonly listenIn: ListenerContext | undefined;

  /** Whether `gotBody` is of interest. */
  readonly countsRequestBody: boolean;

  /** A part of the request's body was read. */
  gotBody(bytes: number): void;

  /** @param error `undefined` if it is not known: somebody else caught it. */
  threw(error: unknown): void;

  /** The connection was handed over. @param protocol What it was upgraded to, if that was said. */
  hijacked(protocol: string | undefined): void;
}

/** Says who wants to know of a new request; `undefined`: nobody. Never throws. */
export type BeginServed = (
  request: ServedRequest,
  response: ServedResponse | undefined,
) => ServerTrace | undefined;
