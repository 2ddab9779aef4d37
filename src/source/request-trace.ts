import type { Socket } from 'node:net';
import type {
  ClientTrace,
  DNSStartInfo,
  GotConnInfo,
  TLSConnectionState,
} from '../httptrace/client-trace.js';
import type { ConnEnds } from './connection/ends.js';

/** The final response, as the client gave it; the headers in that client's own form. */
export interface ResponseHead {
  readonly statusCode: number;
  readonly headers: unknown;
  /** Its header fields as they came, names and values in turn, where the headers are not so exact. */
  readonly raw?: readonly string[];
}

/**
 * What a source tells of one request: Go's hooks, and the facts that Go learns elsewhere. Either `ended` or
 * `failed` is called, once, and last of all but hooks of a dial that goes on.
 */
export interface RequestTrace extends ClientTrace {
  /**
   * The client made its own request of what was wanted. Only told if there was none yet when this began: the call had
   * to wait before.
   */
  made?(): void;
  /** @param at When the lookup began, on our clock: it is known a moment later that it did. */
  dnsStart?(info: DNSStartInfo, at?: number): void;
  /** @param ends Where the connection leads, if the source keeps that with it. */
  gotConn?(info: GotConnInfo, ends?: ConnEnds): void;
  /** @param curve Of the key exchange, which Go's state leaves out. */
  tlsHandshakeDone?(state: TLSConnectionState, err?: Error, curve?: string): void;
  /**
   * The dial is over: the connection is there, or could not be had. After the hooks of its last part; not when the
   * caller gave it up.
   */
  dialDone?(socket: Socket, startedAt: number, err?: Error): void;
  /**
   * @param at When; at the moment of `gotConn` unless it is given: a request may get its connection before it has
   * anything to send.
   */
  wroteHeaders?(at?: number): void;
  /** Whether anybody asks how large the bodies are: where that takes more than to listen, it is done only then. */
  readonly countsBodies?: boolean;
  /** A part of the request's body was handed to the connection. */
  wroteBodyChunk?(bytes: number): void;
  /** The head of the final response is there; 101 and 2xx to a CONNECT included. */
  gotResponse?(response: ResponseHead): void;
  /** A part of the response's body arrived, still encoded as it was sent. */
  gotBodyChunk?(bytes: number): void;
  /** The response is complete, or the connection was handed over to another protocol. */
  ended?(): void;
  /** The request failed or was given up; with whatever the client gave as the reason. */
  failed?(error: unknown): void;
}

/** Whoever calls: what the context is, to those who know of contexts. */
export type Caller = object;

/**
 * Says who wants to know of a new request; `undefined`: nobody.
 *
 * @param caller Whose request it is, if not that of whoever calls now.
 */
export type Begin<Request> = (request: Request, at: number, caller?: Caller) => RequestTrace | undefined;

/** Undoes what it came from. Any number of times. */
export type Stop = () => void;

/** Where a failure of ours is told: what failed, and with what. */
export type Report = (message: string, error: unknown) => void;

/** Something that watches one kind of client. */
export interface Source {
  /** Listens, if it does not yet. */
  start(): void;
  /** Takes no new requests; listens on until those that are traced have ended. */
  stop(): void;
}
