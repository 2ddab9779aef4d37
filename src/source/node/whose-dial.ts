import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Origin } from '../../origin.js';
import { Dial } from '../connection/dial.js';
import type { SocketListener, SocketMade } from '../connection/new-sockets.js';
import type { RequestTrace } from '../request-trace.js';
import { DialScope } from './dial-scope.js';
import type { NodeExchange, Want } from './exchange.js';
import { UnownedSockets } from './unowned-sockets.js';
import { UntoldDial } from './untold-dial.js';

/** What an agent was asked for when it was asked for another request, to go back to. */
export interface Asked {
  readonly asking: NodeExchange | undefined;
  /** `undefined`: the agent dials at once, or not at all. */
  readonly scope: { readonly outer: Want | undefined } | undefined;
}

/**
 * Whose dial is it?
 *
 * An agent dials while it is asked for a connection, a call that names the request. An agent that does not dial at
 * once, as those for proxies, still dials in the async context of that call. What the program makes by
 * `createConnection` is known by the socket that the request is handed.
 */
export class NodeDialling implements SocketListener {
  private readonly dialled: (made: SocketMade, origin: Origin) => void;
  readonly unowned = new UnownedSockets((fresh, trace) => watchDial(fresh.made, trace, fresh.path));
  private asking: NodeExchange | undefined;
  private readonly scope = new DialScope();
  /** Who needs what lies behind a connection. */
  private readonly owners = new WeakMap<Socket, Want>();

  /** @param dialled A connection is being made that requests may be given. */
  constructor(dialled: (made: SocketMade, origin: Origin) => void) {
    this.dialled = dialled;
  }

  /**
   * An agent begins to be asked for a connection. No function stands around the call, for one more frame on the stack
   * may be one too many.
   *
   * @param dialsLater Whether it may dial when it has returned.
   * @returns What `asked` must be given when it has returned.
   */
  ask(exchange: NodeExchange, dialsLater: boolean): Asked {
    const { asking } = this;
    this.asking = exchange;
    return { asking, scope: dialsLater ? { outer: this.scope.enter(exchange.want) } : undefined };
  }

  asked({ asking, scope }: Asked): void {
    this.asking = asking;
    if (scope !== undefined) {
      this.scope.leave(scope.outer);
    }
  }

  /** The request for which is done what is done now. */
  get waiting(): NodeExchange | undefined {
    return this.asking ?? this.scope.want?.exchange;
  }

  claim(made: SocketMade): boolean {
    const { asking } = this;
    const exchange = asking ?? (made.over === undefined ? undefined : this.owners.get(made.over)?.exchange);
    if (exchange?.waits !== true) {
      return false;
    }
    this.own(made, exchange);
    return true;
  }

  unclaimed(made: SocketMade): void {
    const exchange = this.waiting;
    if (exchange === undefined) {
      this.unowned.made(made);
    } else {
      this.own(made, exchange);
    }
  }

  /** A request has no agent that could be asked: the program makes its connection, perhaps later. */
  awaitSocket(exchange: NodeExchange): void {
    this.unowned.await(exchange);
  }

  /** A request is given a socket: if nobody knew what that was for, it was made for this request. */
  given(socket: Socket, exchange: NodeExchange): void {
    this.unowned.served(exchange);
    const fresh = this.unowned.takeFresh(socket);
    if (fresh !== undefined) {
      this.own(fresh.made, exchange, fresh.path);
      return;
    }
    const { trace } = exchange;
    if (trace !== undefined && exchange.waits) {
      this.unowned.dialOf(socket)?.tellTo(trace, exchange.wantedAt);
    }
  }

  /** A request failed: if that was why a dial failed, the dial was made for this request. */
  failed(exchange: NodeExchange, error: unknown): void {
    if (exchange.awaitsSocket && exchange.trace !== undefined) {
      UntoldDial.failedWith(error)?.tellTo(exchange.trace, exchange.wantedAt);
    }
  }

  /** A request is over, whichever way. */
  over(exchange: NodeExchange): void {
    this.unowned.served(exchange);
  }

  /** A CONNECT has this connection: what is laid over it is for the request that needs the tunnel. */
  tunnel(socket: Socket, exchange: NodeExchange): void {
    this.owners.set(socket, exchange.want);
  }

  private own(made: SocketMade, exchange: NodeExchange, path?: string): void {
    const owner = exchange.tunnelFor ?? exchange;
    this.owners.set(made.socket, owner.want);
    if (owner.trace !== undefined) {
      watchDial(made, owner.trace, path);
    }
    this.dialled(made, exchange.origin);
  }
}

/** @param path Of a unix socket, if its dial has begun already. */
function watchDial({ socket, over }: SocketMade, trace: RequestTrace, path: string | undefined): void {
  if (over === undefined) {
    Dial.watch(socket, trace, path === undefined ? undefined : [path]);
  } else {
    Dial.watchHandshake(socket as TLSSocket, trace);
  }
}
