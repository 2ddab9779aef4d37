import { AsyncLocalStorage } from 'node:async_hooks';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Origin } from '../../origin.js';
import type { Method } from '../../patch/method-layer.js';
import { Dial } from '../connection/dial.js';
import type { SocketListener, SocketMade } from '../connection/new-sockets.js';
import type { NodeExchange, Want } from './exchange.js';

/**
 * Whose dial is it?
 *
 * An agent dials while it is asked for a connection, or hands the socket that it just made to a request: both are
 * calls that name the request. An agent that does not dial at once, as those for proxies, still dials in the async
 * context of the call that asked it.
 */
export class NodeDialling implements SocketListener {
  private readonly dialled: (made: SocketMade, origin: Origin) => void;
  private asking: NodeExchange | undefined;
  private scope: AsyncLocalStorage<Want> | undefined;
  private fresh: FreshSocket | undefined;
  /** Who needs what lies behind a connection. */
  private readonly owners = new WeakMap<Socket, Want>();

  /** @param dialled A connection is being made that requests may be given. */
  constructor(dialled: (made: SocketMade, origin: Origin) => void) {
    this.dialled = dialled;
  }

  /** Runs a method of an agent that asks it for a connection. */
  ask(exchange: NodeExchange, ask: Method, agent: http.Agent, args: unknown[]): unknown {
    const before = this.asking;
    this.asking = exchange;
    try {
      return dialsAtOnce(agent) ? Reflect.apply(ask, agent, args) : this.inScope(exchange, ask, agent, args);
    } finally {
      this.asking = before;
    }
  }

  /** The request that waits for what is done now. */
  get waiting(): NodeExchange | undefined {
    if (this.asking !== undefined) {
      return this.asking;
    }
    return this.scope?.getStore()?.exchange;
  }

  claim(made: SocketMade): boolean {
    const { asking } = this;
    const exchange = asking ?? (made.over === undefined ? undefined : this.owners.get(made.over)?.exchange);
    if (exchange?.waits !== true) {
      return false;
    }
    this.watch(made, exchange);
    return true;
  }

  unclaimed(made: SocketMade): void {
    const exchange = this.waiting;
    if (exchange !== undefined) {
      this.watch(made, exchange);
      return;
    }
    const fresh = new FreshSocket(made);
    this.fresh = fresh;
    process.nextTick(() => {
      fresh.leave();
      this.fresh = undefined;
    });
  }

  /** Whether a socket was just made that may be given to a request. */
  get expectsSocket(): boolean {
    return this.fresh !== undefined;
  }

  /** A request is given a socket: if it was only just made, it was made for this request. */
  given(socket: Socket, exchange: NodeExchange): void {
    const { fresh } = this;
    if (fresh?.made.socket === socket) {
      this.fresh = undefined;
      this.watch(fresh.made, exchange, fresh.path);
    }
  }

  /** A CONNECT has this connection: what is laid over it is for the request that needs the tunnel. */
  tunnel(socket: Socket, exchange: NodeExchange): void {
    this.owners.set(socket, exchange.want);
  }

  /** Follows no async context any more. */
  close(): void {
    this.scope?.disable();
    this.scope = undefined;
  }

  private watch(made: SocketMade, exchange: NodeExchange, path?: string): void {
    const { socket, over } = made;
    const owner = exchange.tunnelFor ?? exchange;
    this.owners.set(socket, owner.want);
    this.dialled(made, exchange.origin);
    if (owner.trace === undefined) {
      return;
    }
    if (over === undefined) {
      Dial.watch(socket, owner.trace, path);
    } else {
      Dial.watchHandshake(socket as TLSSocket, owner.trace);
    }
  }

  private inScope(exchange: NodeExchange, ask: Method, agent: http.Agent, args: unknown[]): unknown {
    this.scope ??= new AsyncLocalStorage();
    return this.scope.run(exchange.want, Reflect.apply<http.Agent, unknown[], unknown>, ask, agent, args);
  }
}

/** A socket that was made since the stack was empty, and that nobody claimed. */
class FreshSocket {
  readonly made: SocketMade;
  /** That of a unix socket, whose dial begins at once. */
  path: string | undefined = undefined;
  private readonly onAttempt = (address: string, port?: number): void => {
    if (port === undefined) {
      this.path = address;
    }
  };

  constructor(made: SocketMade) {
    this.made = made;
    made.socket.once('connectionAttempt', this.onAttempt);
  }

  leave(): void {
    this.made.socket.removeListener('connectionAttempt', this.onAttempt);
  }
}

interface AgentMethods {
  readonly createSocket?: unknown;
  readonly createConnection?: unknown;
}

const AGENT: AgentMethods = http.Agent.prototype;
const SECURE_AGENT: AgentMethods = https.Agent.prototype;

/** Whether an agent dials as Node's own do: before it returns. */
function dialsAtOnce(agent: AgentMethods): boolean {
  const { createConnection } = agent;
  return (
    agent.createSocket === AGENT.createSocket &&
    (createConnection === AGENT.createConnection || createConnection === SECURE_AGENT.createConnection)
  );
}
