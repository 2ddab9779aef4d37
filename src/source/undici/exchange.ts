import { AsyncResource } from 'node:async_hooks';
import type { ClientHttp2Stream } from 'node:http2';
import { now } from '../../clock.js';
import type { GotConnInfo } from '../../httptrace/client-trace.js';
import { type Origin, originOf } from '../../origin.js';
import type { UndiciRequest } from '../channels.js';
import type { Connection } from '../connection/connection.js';
import type { Caller, RequestTrace, Stop } from '../request-trace.js';
import { AnnouncedRequest } from './announced-request.js';
import { onceEmpty, onceFinished } from './flush.js';

/** One request of undici, as those who are told of it see it. */
export interface UndiciHttpRequest {
  /** undici's own, if it is made; else what is known of it. */
  readonly request: UndiciRequest;
  readonly isMade: boolean;
  /** Where it is sent. */
  readonly origin: Origin;
  /** Whether it failed with that with which its client failed to connect, such as a proxy's refusal. */
  readonly failedToConnect: boolean;
}

/** One request of undici's from its caller's call to its end, on whatever connections. */
export class Exchange implements UndiciHttpRequest {
  request: UndiciRequest;
  readonly origin: Origin;
  /** When its caller called. */
  readonly wantedAt: number;
  /** Who called, if it was called through interceptors. */
  caller: Caller | undefined = undefined;
  /** Who wants to know; nobody for a request that is not traced, whose connection still counts. */
  trace: RequestTrace | undefined = undefined;
  /** The request whose dial made this one, a CONNECT, to get through a proxy. */
  tunnelFor: Exchange | undefined = undefined;
  connection: Connection | undefined = undefined;
  /** How many requests had ended, when this one was created, of those that were sent before we listened. */
  unseenEndsBefore = Number.NaN;
  /** What it is written to over HTTP/2. */
  stream: ClientHttp2Stream | undefined = undefined;
  failedToConnect = false;
  written = false;
  responded = false;
  settled = false;
  /** Whether somebody listens on until it has ended. */
  isAwaited = false;
  private stopFlush: Stop | undefined = undefined;

  constructor(request: UndiciRequest, wantedAt = now()) {
    this.request = request;
    this.wantedAt = wantedAt;
    this.origin = originOf(typeof request.origin === 'string' ? request.origin : request.origin.origin);
  }

  /** It is about to be written to this connection, for the first time or once more. */
  send(connection: Connection): GotConnInfo {
    this.connection?.release();
    this.connection = connection;
    this.stopFlush?.();
    this.stream = undefined;
    this.written = false;
    this.responded = false;
    return connection.take(this.wantedAt);
  }

  /** All that it sends was given to its connection, in whose buffer some of it may still lie. */
  wroteAll(): void {
    const { connection, stream } = this;
    if (this.written || connection === undefined) {
      return;
    }
    this.stopFlush?.();
    const flushed = () => this.flushed();
    this.stopFlush =
      stream === undefined ? onceEmpty(connection.socket, flushed) : onceFinished(stream, flushed);
    if (this.stopFlush === undefined) {
      this.flushed();
    }
  }

  private flushed(): void {
    this.stopFlush = undefined;
    this.written = true;
    this.trace?.wroteRequest?.({});
  }

  settle(): void {
    this.settled = true;
    this.stopFlush?.();
    this.stopFlush = undefined;
    this.stream = undefined;
    this.connection?.release();
  }

  get isMade(): boolean {
    return !(this.request instanceof AnnouncedRequest);
  }

  /** Whether it ends with its connection being handed over to the caller, or to another protocol. */
  get isHandOver(): boolean {
    return this.request.method === 'CONNECT' || Boolean(this.request.upgrade);
  }

  get unsent(): boolean {
    return this.connection === undefined && !this.settled;
  }
}

let handlerSymbol: symbol | undefined;

/** The id of whatever follows an `await`, on the releases of Node that do not tell these apart. */
const AFTER_AWAIT = 0;

/** How many interceptors may lie between a request and its caller. */
const DEPTH = 8;

/**
 * Where `undici.request` and `undici.stream` were called, if that is not where we are now: a full `Pool` makes
 * the request later, while it handles another, and an interceptor makes one for each hop and each try. `fetch`
 * keeps no way back, and undici 7 hides that from an interceptor.
 */
export function callerOf(request: UndiciRequest, currentAsyncId: number): AsyncResource | undefined {
  if (handlerSymbol === undefined || request[handlerSymbol] === undefined) {
    handlerSymbol = Object.getOwnPropertySymbols(request).find(
      ({ description }) => description === 'handler',
    );
    if (handlerSymbol === undefined) {
      return undefined;
    }
  }
  const caller = asyncResourceIn(request[handlerSymbol]);
  return caller === undefined ||
    (currentAsyncId !== AFTER_AWAIT && caller.triggerAsyncId() === currentAsyncId)
    ? undefined
    : caller;
}

function asyncResourceIn(outermost: unknown): AsyncResource | undefined {
  let handler = outermost;
  for (let depth = 0; depth < DEPTH; depth++) {
    if (handler instanceof AsyncResource) {
      return handler;
    }
    if (typeof handler !== 'object' || handler === null || !('handler' in handler)) {
      return undefined;
    }
    handler = handler.handler;
  }
  return undefined;
}
