import { executionAsyncId } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { areRunning, type Callers, callersOf } from './call-stack.js';
import type { ConnectParams, UndiciRequest } from './channels.js';
import type { Exchange } from './exchange.js';
import { nextInQueue } from './undici-queue.js';

/** A dial that has begun and whose socket is about to be made. */
interface Expected {
  /** Who made undici dial, itself or through a proxy. */
  readonly owner: Exchange;
  /** Of undici's `connect`: while they are running, so is the connector. */
  readonly callers: Callers;
}

/** Any execution scope will do: the microtask in which undici dials has one of its own. */
const ANY_SCOPE = -1;

/** The scope of everything that follows an `await`, where nobody tells these apart for Node. */
const NO_SCOPE = 0;

const BEFORE_CONNECT = channel('undici:client:beforeConnect');

/**
 * Whose dial is it?
 *
 * undici names no request when it dials, but it dials on the stack of the dispatch that needs it: the request
 * created last is the one, if we are still on that stack. When a client dials by itself, because its socket was
 * closed under its queue, it is the head of that queue. Every other dial is nobody's.
 */
export class Dialling {
  private readonly exchangeOf: (request: UndiciRequest) => Exchange | undefined;
  private created: Exchange | undefined;
  private scope = ANY_SCOPE;
  private closing: Socket | undefined;
  private expected: Expected | undefined;
  private readonly forgetCreated = () => {
    this.created = undefined;
  };

  constructor(exchangeOf: (request: UndiciRequest) => Exchange | undefined) {
    this.exchangeOf = exchangeOf;
  }

  onCreate(exchange: Exchange): void {
    this.created = exchange;
    this.scope = executionAsyncId();
    if (isDispatchedLater(exchange.request.body)) {
      // undici queues its own microtask right after this one.
      queueMicrotask(() => this.dispatchLater(exchange));
    } else if (this.scope === NO_SCOPE) {
      queueMicrotask(this.forgetCreated);
    }
  }

  private dispatchLater(exchange: Exchange): void {
    this.created = exchange;
    this.scope = ANY_SCOPE;
    queueMicrotask(this.forgetCreated);
  }

  /** The request has a connection or has failed: nobody dials for it any more. */
  onSettled(exchange: Exchange): void {
    if (this.created === exchange) {
      this.created = undefined;
    }
  }

  /** A connection is being closed: must be told before undici hears of it, and dials anew for what is queued. */
  onClose(socket: Socket): void {
    this.closing = socket;
    queueMicrotask(() => {
      this.closing = undefined;
    });
  }

  onBeforeConnect({ protocol, host }: ConnectParams): void {
    const owner = this.ownerOfDial(`${protocol}//${host}`);
    this.expected =
      owner?.trace === undefined && owner?.tunnelFor === undefined
        ? undefined
        : { owner: owner.tunnelFor ?? owner, callers: callersOf(BEFORE_CONNECT.publish) };
  }

  /** The connector gave back what it was asked for, or failed to: what is dialled from now on is something else. */
  onConnectorDone(): void {
    this.expected = undefined;
  }

  /** Whose dial is on the stack: the connector makes a socket, or sends a proxy the CONNECT to get one. */
  takeDialOnStack(): Exchange | undefined {
    const { expected } = this;
    this.expected = undefined;
    return expected !== undefined && areRunning(expected.callers) ? expected.owner : undefined;
  }

  private ownerOfDial(origin: string): Exchange | undefined {
    const owner = this.isCreating() ? this.created : this.headOfQueue();
    return owner?.origin === origin ? owner : undefined;
  }

  private isCreating(): boolean {
    return this.created?.unsent === true && (this.scope === ANY_SCOPE || this.scope === executionAsyncId());
  }

  private headOfQueue(): Exchange | undefined {
    const request = this.closing === undefined ? undefined : nextInQueue(this.closing);
    return request === undefined ? undefined : this.exchangeOf(request);
  }
}

/** undici waits a microtask with a stream or an iterable, for it may end in the same tick. */
function isDispatchedLater(body: unknown): boolean {
  return body !== null && typeof body === 'object' && !ArrayBuffer.isView(body);
}
