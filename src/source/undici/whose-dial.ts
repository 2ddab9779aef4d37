import { executionAsyncId } from 'node:async_hooks';
import type { Socket } from 'node:net';
import type { UndiciRequest } from '../channels.js';
import type { Exchange } from './exchange.js';
import { queuedBehind } from './queue.js';

/** A dial that has begun and whose socket is about to be made. */
interface Expected {
  /** Who made undici dial, itself or through a proxy. */
  readonly owner: Exchange;
  /** The execution scope in which undici runs the connector. */
  readonly scope: number;
}

/** The microtask in which undici dials has an execution scope of its own. */
const ANY_SCOPE = -1;

/** What is done `then` is done when nothing of what runs now is on the stack any more. */
const STACK_EMPTY = Promise.resolve();

/**
 * Whose dial is it?
 *
 * undici names no request when it dials, but it dials on the stack of the dispatch that needs it: the request
 * created last is the one, if we are still in its execution scope: each callback of Node's has one, and reading it
 * costs next to nothing. When a client dials by itself, because its socket was closed under its queue, it is the
 * head of that queue. Every other dial is nobody's.
 */
export class Dialling {
  private readonly exchangeOf: (request: UndiciRequest) => Exchange | undefined;
  private created: Exchange | undefined;
  private scope = ANY_SCOPE;
  private closing: Socket | undefined;
  private expected: Expected | undefined;
  private readonly forget = () => {
    this.created = undefined;
    this.closing = undefined;
    this.expected = undefined;
  };

  constructor(exchangeOf: (request: UndiciRequest) => Exchange | undefined) {
    this.exchangeOf = exchangeOf;
  }

  onCreate(exchange: Exchange): void {
    this.created = exchange;
    this.scope = executionAsyncId();
    if (isDispatchedLater(exchange.request.body)) {
      // undici queues its own microtask right after this one.
      queueMicrotask(() => {
        this.created = exchange;
        this.scope = ANY_SCOPE;
        STACK_EMPTY.then(this.forget);
      });
    }
  }

  /** The request has a connection or has failed: nobody dials for it any more. */
  onSettled(exchange: Exchange): void {
    if (this.created === exchange) {
      this.created = undefined;
    }
  }

  /** A call came back: the connector has run, if that call made its client dial. */
  onCallBack(): void {
    this.expected = undefined;
  }

  /** A connection is being closed: must be told before undici hears of it, and dials anew for what is queued. */
  onClose(socket: Socket): void {
    this.closing = socket;
    STACK_EMPTY.then(this.forget);
  }

  onBeforeConnect(): void {
    const owner = this.ownerOfDial();
    // A dispatch dials once at most.
    this.created = undefined;
    this.expected =
      owner?.trace === undefined && owner?.tunnelFor === undefined
        ? undefined
        : { owner: owner.tunnelFor ?? owner, scope: executionAsyncId() };
    STACK_EMPTY.then(this.forget);
  }

  /**
   * The connector gave back what it was asked for, or failed to: what is dialled from now on is something else.
   * Nor has a client that dials once more now been told to by a request: what follows an `await` has one scope,
   * from Node 24 on.
   */
  onConnectorDone(): void {
    this.expected = undefined;
    this.created = undefined;
  }

  /** Whose dial is on the stack: the connector makes a socket, or sends a proxy the CONNECT to get one. */
  takeDialOnStack(): Exchange | undefined {
    const { expected } = this;
    this.expected = undefined;
    return expected?.scope === executionAsyncId() ? expected.owner : undefined;
  }

  private createdInThisScope(): Exchange | undefined {
    return this.scope === ANY_SCOPE || this.scope === executionAsyncId() ? this.created : undefined;
  }

  private ownerOfDial(): Exchange | undefined {
    const { closing } = this;
    const created = this.createdInThisScope();
    const [head, ...behind] = closing === undefined ? [] : queuedBehind(closing);
    if (created?.unsent && !behind.includes(created.request)) {
      return created;
    }
    return head === undefined ? undefined : this.exchangeOf(head);
  }
}

/** undici waits a microtask with a stream or an iterable, for it may end in the same tick. */
function isDispatchedLater(body: unknown): boolean {
  return body !== null && typeof body === 'object' && !ArrayBuffer.isView(body);
}
