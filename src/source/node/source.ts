import type { RequestOptions } from 'node:http';
import * as http from 'node:http';
import type { Socket } from 'node:net';
import type { Method } from '../../patch/method-layer.js';
import { patchMethod } from '../../patch/method-patch.js';
import { whenUncaught } from '../../patch/thrown-error.js';
import type { WatchConnection } from '../connection/connection.js';
import type { NewSockets } from '../connection/new-sockets.js';
import { Lifecycle } from '../lifecycle.js';
import type { Begin, Report, Source, Stop } from '../request-trace.js';
import { guardedPair, subscribe } from '../subscribe.js';
import { NodeConnections } from './connections.js';
import { exchanges, NodeExchange } from './exchange.js';
import { observeRequestCreated, PUBLISHES_REQUEST_CREATED } from './node20-request-created.js';
import { NodeProgress } from './progress.js';
import { proxyOf } from './proxy.js';
import type { NodeClientRequest, NodeHttpRequest } from './request.js';
import { NodeDialling } from './whose-dial.js';

/**
 * Turns what the clients of `node:http` and `node:https` do into the hooks of the request that they do it for.
 *
 * A request begins where it asks an agent of Node's for a connection, for then it has not dialled yet; one without
 * such an agent where Node says that it was created.
 */
export class NodeHttpSource implements Source {
  private readonly beginTrace: Begin<NodeHttpRequest>;
  private readonly report: Report;
  private readonly dialling: NodeDialling;
  private readonly progress: NodeProgress;
  private readonly lifecycle: Lifecycle;
  private readonly begin: (request: unknown, options: unknown) => void;
  private readonly fail: (exchange: NodeExchange, error: unknown) => void;
  private readonly given: (request: unknown, socket: unknown) => void;

  constructor(begin: Begin<NodeHttpRequest>, sockets: NewSockets, watch: WatchConnection, report: Report) {
    this.beginTrace = begin;
    this.report = report;
    const connections = new NodeConnections(watch, report);
    this.dialling = new NodeDialling(({ socket, over }, origin) => connections.dialled(socket, origin, over));
    this.progress = new NodeProgress(
      connections,
      (socket, exchange) => this.dialling.tunnel(socket, exchange),
      report,
    );
    this.begin = guardedPair('a new request', (request, options) => this.onRequest(request, options), report);
    this.given = guardedPair('onSocket', (request, socket) => this.onSocket(request, socket), report);
    this.fail = guardedPair('a failed request', (exchange, error) => exchange.fail(error), report);
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
          'http.client.response.finish': (message) => this.progress.onResponse(message),
        },
        this.report,
      ),
      ...(PUBLISHES_REQUEST_CREATED
        ? []
        : [observeRequestCreated((request) => this.onRequest(request), this.report)]),
      sockets.listen(this.dialling),
      patchMethod(http.Agent.prototype, 'addRequest', (next, agent, args) =>
        this.addRequest(next, agent as http.Agent, args),
      ),
      patchMethod(http.ClientRequest.prototype, 'onSocket', (next, request, args) => {
        if (this.dialling.expectsSocket || !exchanges.has(request as object)) {
          this.begin(request, undefined);
          this.given(request, args[0]);
        }
        return Reflect.apply(next, request, args);
      }),
      () => this.dialling.close(),
    ];
  }

  /** A request asks for a connection: the agent gives it an idle one, dials, or lets it wait. */
  private addRequest(next: Method, agent: http.Agent, args: unknown[]): unknown {
    const [request, options] = args;
    this.begin(request, options);
    const exchange = request instanceof http.ClientRequest ? exchanges.get(request) : undefined;
    if (exchange === undefined) {
      return Reflect.apply(next, agent, args);
    }
    let returned = false;
    try {
      const result = this.dialling.ask(exchange, next, agent, args);
      returned = true;
      // One that waits for another request's connection is told only later that this is not new.
      exchange.tookIdle = exchange.request.reusedSocket;
      return result;
    } finally {
      if (!returned) {
        whenUncaught((error) => this.fail(exchange, error));
      }
    }
  }

  private onRequest(request: unknown, options?: unknown): void {
    if (!(request instanceof http.ClientRequest) || exchanges.has(request)) {
      return;
    }
    const exchange = new NodeExchange(request as NodeClientRequest, options as RequestOptions | undefined);
    if (request.method === 'CONNECT') {
      // Part of another request's dial; or a tunnel of the caller's own, which Go does not trace either.
      exchange.tunnelFor = this.dialling.waiting;
    } else {
      const trace = this.beginTrace(exchange, exchange.wantedAt);
      if (trace !== undefined) {
        exchange.begin(trace, this.lifecycle, proxyOf(exchange));
      }
    }
    this.progress.follow(exchange);
  }

  private onSocket(request: unknown, socket: unknown): void {
    const exchange = request instanceof http.ClientRequest ? exchanges.get(request) : undefined;
    if (exchange !== undefined && typeof socket === 'object' && socket !== null) {
      this.dialling.given(socket as Socket, exchange);
    }
  }
}
