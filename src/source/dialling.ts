import { executionAsyncId } from 'node:async_hooks';
import type { Socket } from 'node:net';
import type { ConnectParams } from './channels.js';
import type { Exchange } from './exchange.js';

/** A dial that has begun and whose socket is about to be made. */
interface Expected {
  readonly owner: Exchange | undefined;
  readonly params: ConnectParams;
  readonly scope: number;
}

/** Any execution scope will do: the microtask in which undici dials has one of its own. */
const ANY_SCOPE = -1;

/**
 * Whose dial is it?
 *
 * undici names no request when it dials, but it dials on the stack of the dispatch that needs it: the request
 * created last is the one, if we are still in the same execution scope and it has no connection yet. When a
 * client dials by itself, because its socket was closed under its queue, the head of that queue is told from
 * what is certain, or the dial is nobody's.
 */
export class Dialling {
  private created: Exchange | undefined;
  private scope = ANY_SCOPE;
  /** Requests that were not sent before the next one was created, oldest first. */
  private readonly waiting = new Set<Exchange>();
  /** Sockets that are open or being opened, by origin. */
  private readonly open = new Map<string, number>();
  private readonly tracked = new WeakSet<Socket>();
  private dropped: { connection: Exchange['connection']; scope: number } | undefined;
  private expected: Expected | undefined;

  onCreate(exchange: Exchange): void {
    if (this.created?.unsent) {
      this.waiting.add(this.created);
    }
    this.created = exchange;
    this.scope = executionAsyncId();
    if (isDispatchedLater(exchange.request.body)) {
      // undici queues its own microtask right after this one.
      queueMicrotask(() => this.resume(exchange));
    }
  }

  /** The request has a connection or has failed: nobody dials for it any more. */
  onSettled(exchange: Exchange): void {
    this.waiting.delete(exchange);
    if (this.created === exchange) {
      this.created = undefined;
    }
  }

  /** Whose dial is on the stack: undici sends the CONNECT to a proxy from inside it, instead of making a socket. */
  takeDialOnStack(): Exchange | undefined {
    const { expected } = this;
    this.expected = undefined;
    return expected?.owner !== undefined && expected.scope === executionAsyncId()
      ? dialledFor(expected.owner)
      : undefined;
  }

  onBeforeConnect(params: ConnectParams): void {
    const owner = this.ownerOfDial(`${params.protocol}//${params.host}`);
    if (owner !== undefined) {
      owner.dialled = true;
    }
    this.expected = { owner, params, scope: executionAsyncId() };
  }

  /** A socket was made. Gives back whose dial it serves, and to what. */
  onSocket(socket: Socket): { owner: Exchange; hostname: string } | undefined {
    const { expected } = this;
    this.expected = undefined;
    if (expected === undefined || expected.scope !== executionAsyncId()) {
      return undefined;
    }
    const { owner, params } = expected;
    this.track(socket, params);
    if (owner !== undefined) {
      // Closed before the request could use it, undici dials for it once more.
      socket.once('close', () => {
        owner.dialled = false;
      });
    }
    return owner === undefined ? undefined : { owner: dialledFor(owner), hostname: params.hostname };
  }

  /** Counts a socket as open to its origin until it closes. */
  track(socket: Socket, params: ConnectParams): void {
    if (this.tracked.has(socket)) {
      return;
    }
    this.tracked.add(socket);
    const origin = `${params.protocol}//${params.host}`;
    this.open.set(origin, (this.open.get(origin) ?? 0) + 1);
    socket.once('close', () => {
      const left = (this.open.get(origin) ?? 0) - 1;
      if (left > 0) {
        this.open.set(origin, left);
      } else {
        this.open.delete(origin);
      }
    });
  }

  /** A connection was closed; undici dials anew in this very scope if something is queued behind it. */
  onClose(connection: Exchange['connection']): void {
    this.dropped = { connection, scope: executionAsyncId() };
  }

  private resume(exchange: Exchange): void {
    this.created = exchange;
    this.scope = ANY_SCOPE;
    queueMicrotask(() => {
      if (this.created === exchange && this.scope === ANY_SCOPE) {
        this.created = undefined;
        if (exchange.unsent) {
          this.waiting.add(exchange);
        }
      }
    });
  }

  private ownerOfDial(origin: string): Exchange | undefined {
    const { created } = this;
    if (
      created?.waiting &&
      created.origin === origin &&
      (this.scope === ANY_SCOPE || this.scope === executionAsyncId())
    ) {
      return created;
    }
    return this.resent(origin) ?? this.headOfQueue(origin);
  }

  /** A request that was on the connection just closed and did not fail with it: undici sends it again. */
  private resent(origin: string): Exchange | undefined {
    if (this.dropped?.scope !== executionAsyncId()) {
      return undefined;
    }
    const head = this.dropped.connection?.oldest;
    return head?.origin === origin && !head.settled ? head : undefined;
  }

  /**
   * The request that waits longest for this origin, if it is certain that all of them wait for one client: no
   * other connection to the origin is open or being opened. One that is alone is the head of any queue.
   */
  private headOfQueue(origin: string): Exchange | undefined {
    const candidates = [...this.waiting].filter((exchange) => exchange.waiting && exchange.origin === origin);
    if (this.created?.waiting && this.created.origin === origin && !this.waiting.has(this.created)) {
      candidates.push(this.created);
    }
    return candidates.length === 1 || !this.open.has(origin) ? candidates[0] : undefined;
  }
}

/** A dial to a proxy serves the request that needs the tunnel. */
function dialledFor(exchange: Exchange): Exchange {
  return exchange.tunnelFor ?? exchange;
}

/** undici waits a microtask with a stream or an iterable, for it may end in the same tick. */
function isDispatchedLater(body: unknown): boolean {
  return body !== null && typeof body === 'object' && !ArrayBuffer.isView(body);
}
