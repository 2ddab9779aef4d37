import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Http2StreamRequest, Http2StreamResponse } from './stream-messages.js';

/** A request as its server got it. */
export type ServedRequest = IncomingMessage | Http2ServerRequest | Http2StreamRequest;

/** What a request is answered with; there is none when it is about to have the whole connection. */
export type ServedResponse = ServerResponse | Http2ServerResponse | Http2StreamResponse;

/** Which steps are of interest. What belongs to none of the others is left as it is. */
export interface WatchedSteps {
  readonly head: boolean;
  /** `wroteBody` and `ended`. */
  readonly body: boolean;
  readonly flush: boolean;
  readonly informational: boolean;
  readonly push: boolean;
  readonly requestBody: boolean;
}

/** How a response that was not finished was closed. */
export interface Closing {
  /** The peer went away, or this side gave the response up. */
  readonly how: 'aborted' | 'destroyed';
  /** What Node or the program reported. */
  readonly error?: unknown;
}

/**
 * What a source tells of one incoming request, each step when it happens. Nothing throws. One of `closed`, `threw`
 * and `hijacked` comes first of what ends it; whatever comes later is of no interest.
 */
export interface ServerTrace {
  readonly steps: WatchedSteps;
  /** Whether `closed` must be called before the program's own listeners of the event, and not after them. */
  readonly endsBeforeListeners: boolean;

  /** Whether the request's own context is active. */
  isActive(): boolean;

  /** Calls `fn` with the request's own context active, and returns or throws what it does. */
  run<Result>(fn: (...args: unknown[]) => Result, self: unknown, args: unknown[]): Result;

  /** An informational response (1xx but 101) was written. */
  wroteInformational(statusCode: number): void;

  /**
   * The head of the final response was written.
   *
   * @param headers What was given with it, in the form in which the program gave it.
   */
  wroteHead(statusCode: number, headers?: unknown): void;

  /**
   * A part of the response's body was written.
   *
   * @param bytes Its size on the wire: 0 where HTTP sends no body, NaN if it is unknown.
   * @param at When, on our clock; now if it is not given.
   */
  wroteBody(bytes: number, at?: number): void;

  /** The program asked for the head to be sent at once. */
  flushed(): void;

  /** The program has written all of the response. @param at As for `wroteBody`. */
  ended(at?: number): void;

  /** @param path `:path` of the promised request. */
  pushed(path: string): void;

  /** A part of the request's body was read. */
  gotBody(bytes: number): void;

  /** The response or its stream had an error. It need not be the end. */
  errored(error: unknown): void;

  /** @param error `undefined` if it is not known: somebody else caught it. */
  threw(error: unknown): void;

  /** The connection was handed over. @param protocol What it was upgraded to, if that was said. */
  hijacked(protocol: string | undefined): void;

  /** All of the response was handed to the network. */
  finished(): void;

  /** @param closing Of no interest if the response was finished. */
  closed(closing: Closing): void;
}

/** Says who wants to know of a new request; `undefined`: nobody. Never throws. */
export type BeginServed = (
  request: ServedRequest,
  response: ServedResponse | undefined,
) => ServerTrace | undefined;
