import type { RequestOptions } from 'node:http';
import * as http from 'node:http';
import type { Socket } from 'node:net';
import { now } from '../../clock.js';
import { whenUncaught } from '../../patch/thrown-error.js';
import { watchMethod, watchNextCall } from '../../patch/watch-method.js';
import type { WatchConnection } from '../connection/connection.js';
import type { NewSockets } from '../connection/new-sockets.js';
import { Lifecycle } from '../lifecycle.js';
import type { Begin, Report, Source, Stop } from '../request-trace.js';
import { guarded, guardedPair, subscribe } from '../subscribe.js';
import { connectsAtOnce, makesSocketsItself, proxyOf } from './agents.js';
import { clientRequestPrototype } from './classes.js';
import { NodeConnections } from './connections.js';
import { Followed, NodeExchange } from './exchange.js';
import { errorOfConnecting } from './invalid-options.js';
import { NodeProgress } from './progress.js';
import type { NodeClientRequest, NodeHttpRequest } from './request.js';
import { RequestBodies } from './request-body.js';
import {
  type AgentWatcher,
  type RequestWatcher,
  watchAgents,
  watchMessages,
  watchRequests,
} from './watched-methods.js';
import { type Asked, NodeDialling } from './whose-dial.js';

/** A request that asks its agent for a connection. */
interface Asking {
  readonly exchange: NodeExchange;
  readonly asked: Asked | undefined;
}

/**
 * Turns what the clients of `node:http` and `node:https` do into the hooks of the request that they do it for.
 *
 * A request begins where it asks its agent for a connection, for then it has not dialled yet; one without an agent
 * where Node is about to let the program make its connection.
 */
export class NodeHttpSource implements Source, RequestWatcher, AgentWatcher<Asking | undefined> {
  private readonly beginTrace: Begin<NodeHttpRequest>;
  private readonly report: Report;
  private readonly connections: NodeConnections;
  private readonly dialling: NodeDialling;
  private readonly progress: NodeProgress;
  private readonly bodies: RequestBodies;
  private readonly lifecycle: Lifecycle;
  private readonly begin: (request: unknown, options: unknown) => void;
  private readonly given: (request: object, socket: unknown) => void;
  private readonly fail: (exchange: NodeExchange, error: unknown) => void;
  private readonly sent: (exchange: NodeExchange) => void;

  constructor(begin: Begin<NodeHttpRequest>, sockets: NewSockets, watch: WatchConnection, report: Report) {
    this.beginTrace = begin;
    this.report = report;
    this.connections = new NodeConnections(watch, report);
    this.dialling = new NodeDialling(({ socket, over }, origin) =>
      this.connections.dialled(socket, origin, over),
    );
    this.progress = new NodeProgress(this.connections, this.dialling, report);
    this.bodies = new RequestBodies(report);
    this.begin = guardedPair('a new request', this.onRequest.bind(this), report);
    this.given = guardedPair('onSocket', this.onSocket.bind(this), report);
    this.fail = guardedPair('a failed request', (exchange, error) => exchange.fail(error), report);
    this.sent = guarded('the head of a request', (exchange) => exchange.sentHeaders(now()), report);
    this.lifecycle = new Lifecycle(() => this.open(sockets));
  }

  start(): void {
    this.lifecycle.start();
  }

  stop(): void {
    this.lifecycle.stop();
  }

  private open(sockets: NewSockets): Stop[] {
    return [
      subscribe(
        {
          'http.client.request.created': ({ request }) => this.onRequest(request),
          'http.client.response.finish': this.progress.onResponse.bind(this.progress),
        },
        this.report,
      ),
      sockets.listen(this.dialling),
      watchAgents(http.Agent.prototype, this),
      watchMethod(http.Agent.prototype, 'createSocket', this.beforeCreate, this.afterAsking),
      ...this.watchRequests(clientRequestPrototype()),
      watchMessages(http.IncomingMessage.prototype, this.progress),
      () => this.bodies.stop(),
    ];
  }

  private watchRequests(prototype: object | undefined): Stop[] {
    return prototype === undefined
      ? []
      : [watchRequests(prototype, http.Agent.prototype, this, this.progress)];
  }

  beforeConnection(request: object): void {
    if (Followed.by(request) !== undefined || !isClientRequest(request)) {
      return;
    }
    if (request.agent) {
      watchNextCall(request.agent, 'addRequest', this.beforeForeignAdd, this.afterAsking);
    } else {
      this.begin(request, undefined);
    }
  }

  beforeFirstSend(request: object): void {
    const exchange = Followed.by(request);
    if (exchange?.connected && !exchange.wroteHeaders && exchange.request._header !== null) {
      this.sent(exchange);
    }
  }

  /** A request asks one of Node's agents for a connection: it gives an idle one, dials, or lets it wait. */
  beforeAdd(agent: http.Agent, request: unknown, options: unknown): Asking | undefined {
    this.begin(request, options);
    if (makesSocketsItself(agent)) {
      return this.ask(request, true);
    }
    const exchange = Followed.by(request);
    return exchange && { exchange, asked: undefined };
  }

  private readonly beforeForeignAdd = (
    _agent: object,
    [request, options]: readonly unknown[],
  ): Asking | undefined => {
    this.begin(request, options);
    return this.ask(request, true);
  };

  /** An agent of Node's dials for a request, perhaps long after that has asked. */
  private readonly beforeCreate = (agent: http.Agent, [request]: readonly unknown[]): Asking | undefined =>
    this.ask(request, !connectsAtOnce(agent));

  /** @param dialsLater Whether the agent may dial when it has returned. */
  private ask(request: unknown, dialsLater: boolean): Asking | undefined {
    const exchange = Followed.by(request);
    return exchange && { exchange, asked: this.dialling.ask(exchange, dialsLater) };
  }

  readonly afterAsking = (asking: Asking | undefined, returned: boolean): void => {
    if (asking === undefined) {
      return;
    }
    const { exchange, asked } = asking;
    if (asked !== undefined) {
      this.dialling.asked(asked);
    }
    // One that waits for another request's connection is told only later that this is not new.
    exchange.tookIdle = exchange.request.reusedSocket;
    if (!returned) {
      whenUncaught((error) => this.fail(exchange, error ?? errorOfConnecting(exchange)));
    }
  };

  beforeSocket(request: object, socket: unknown): void {
    const exchange = Followed.by(request);
    if (exchange === undefined || exchange.awaitsSocket || this.dialling.unowned.expectsSocket) {
      this.begin(request, undefined);
      this.given(request, socket);
    }
  }

  private onRequest(request: unknown, options?: unknown): void {
    if (!isClientRequest(request) || Followed.by(request) !== undefined) {
      return;
    }
    const exchange = new NodeExchange(request, options as RequestOptions | undefined);
    // A CONNECT is part of another request's dial; or a tunnel of the caller's own, which Go does not trace either.
    const isTunnel = request.method === 'CONNECT';
    exchange.tunnelFor = isTunnel ? this.dialling.waiting : undefined;
    const trace = isTunnel ? undefined : this.beginTrace(exchange, exchange.wantedAt);
    exchange.trace = trace;
    exchange.lifecycle = this.lifecycle;
    this.lifecycle.requestBegan();
    if (!request.agent) {
      this.dialling.awaitSocket(exchange);
    }
    if (trace?.countsBodies === true) {
      this.bodies.start();
    }
    trace?.getConn?.(proxyOf(exchange) ?? exchange.origin.hostPort);
  }

  private onSocket(request: object, socket: unknown): void {
    const exchange = Followed.by(request);
    if (exchange !== undefined && typeof socket === 'object' && socket !== null) {
      this.dialling.given(socket as Socket, exchange);
    }
  }
}

/** Whether something is a request of Node's: by what it is, not by what it is an instance of. */
function isClientRequest(value: unknown): value is NodeClientRequest {
  return (
    typeof value === 'object' &&
    value !== null &&
    '_header' in value &&
    'onSocket' in value &&
    typeof value.onSocket === 'function'
  );
}
