import { errorMonitor } from 'node:events';
import type { IncomingMessage, InformationEvent } from 'node:http';
import type { Socket } from 'node:net';
import type { ChannelMessages } from '../channels.js';
import type { Report } from '../request-trace.js';
import { guarded, guardedPair } from '../subscribe.js';
import type { NodeConnections } from './connections.js';
import { exchanges, type NodeExchange } from './exchange.js';
import { NodeLayers } from './layers.js';

type Listener<Value = undefined> = (this: object, value: Value) => void;

/**
 * Follows requests by their own events.
 *
 * No listener changes what Node does. There is none for `response`, `upgrade`, `connect` and `error`, for it is
 * without one that Node drops the response, or the connection, or throws.
 */
export class NodeProgress {
  private readonly connections: NodeConnections;
  private readonly tunnelled: (socket: Socket, exchange: NodeExchange) => void;
  private readonly report: Report;
  private readonly layers: NodeLayers;
  // Each serves all requests: what belongs to one of them is found by `this`.
  private readonly onSocket: Listener<Socket>;
  private readonly onFinish: Listener;
  private readonly onInformation: Listener<InformationEvent>;
  private readonly onTimeout: Listener;
  private readonly onError: Listener<unknown>;
  private readonly onClose: Listener;
  private readonly onResponseEnd: Listener;

  /** @param tunnelled A proxy was sent a CONNECT on this connection, for the sake of this request. */
  constructor(
    connections: NodeConnections,
    tunnelled: (socket: Socket, exchange: NodeExchange) => void,
    report: Report,
  ) {
    this.connections = connections;
    this.tunnelled = tunnelled;
    this.report = report;
    this.layers = new NodeLayers(report);
    this.onSocket = listener('socket', (exchange, socket) => this.given(exchange, socket), report);
    this.onFinish = listener('finish', (exchange) => exchange.finish(), report);
    this.onInformation = listener('information', informed, report);
    this.onTimeout = listener('timeout', timedOut, report);
    this.onError = listener('error', errored, report);
    this.onClose = listener('close', closed, report);
    this.onResponseEnd = listener('end', (exchange) => exchange.end(), report);
  }

  /** Follows a new request: one that is not traced only to its connection. */
  follow({ request, trace }: NodeExchange): void {
    request.on('socket', this.onSocket);
    if (trace !== undefined) {
      request.on('finish', this.onFinish);
      request.on('information', this.onInformation);
      request.on('timeout', this.onTimeout);
      request.on(errorMonitor, this.onError);
      request.on('close', this.onClose);
      if (trace.countsBodies) {
        this.layers.countRequestBody(request);
      }
    }
  }

  /** The head of the final response is parsed. */
  onResponse({ request, response }: ChannelMessages['http.client.response.finish']): void {
    const exchange = exchanges.get(request);
    if (exchange?.trace !== undefined && !exchange.settled && !exchange.refused) {
      exchanges.set(response, exchange);
      this.layers.watchResponseBody(response);
      response.on('end', this.onResponseEnd);
      exchange.gotResponse(response);
    }
  }

  private given(exchange: NodeExchange, socket: Socket): void {
    if (exchange.tunnelFor !== undefined) {
      this.tunnelled(socket, exchange.tunnelFor);
    }
    this.connections.given(socket, exchange, this.ready);
  }

  private readonly ready = (exchange: NodeExchange, socket: Socket): void => {
    const { request, trace } = exchange;
    if (trace === undefined) {
      return;
    }
    if (!request._headerSent) {
      this.layers.watchHead(request);
    }
    if (request.getHeader('upgrade') !== undefined) {
      // Node takes the socket from its agent, whether it has one or not, before it hands it over.
      const handOver = () => handedOver(exchange, request.res);
      socket.once('agentRemove', guarded('agentRemove', handOver, this.report));
    }
  };
}

function listener<Value = undefined>(
  event: string,
  handle: (exchange: NodeExchange, value: Value) => void,
  report: Report,
): Listener<Value> {
  const safe = guardedPair(event, handle, report);
  return function (this: object, value: Value) {
    const exchange = exchanges.get(this);
    if (exchange !== undefined && !exchange.settled) {
      safe(exchange, value);
    }
  };
}

function informed(exchange: NodeExchange, { statusCode, headers }: InformationEvent): void {
  const { trace, request } = exchange;
  if (exchange.refused) {
    return;
  }
  exchange.respond();
  if (statusCode === 100) {
    trace?.got100Continue?.();
  }
  const refusal = trace?.got1xxResponse?.(statusCode, headers);
  if (refusal instanceof Error) {
    exchange.refused = true;
    // The final response may be in what is being parsed: Node gives none to a request that was aborted.
    request.aborted = true;
    request.destroy(refusal);
  }
}

function timedOut(exchange: NodeExchange): void {
  exchange.timedOut = true;
}

function errored(exchange: NodeExchange, error: unknown): void {
  const { request, refused } = exchange;
  // A response that is complete is there to be read, whatever becomes of its connection.
  if (refused || request.res?.complete !== true) {
    exchange.destroyedByCaller = request.destroyed && isHangUp(error);
    exchange.fail(error);
  }
}

/** Node's word for a connection that is closed before the response: by the peer, or by the program itself. */
function isHangUp(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ECONNRESET' &&
    error.message === 'socket hang up'
  );
}

/** The last event of a request, and the only one if the program gives it up without an error. */
function closed(exchange: NodeExchange): void {
  const { request } = exchange;
  const { res } = request;
  if (request.upgradeOrConnect || res?.statusCode === 101) {
    handedOver(exchange, res);
  } else if (res === undefined || res === null) {
    exchange.destroyedByCaller = true;
    exchange.fail(undefined);
  } else if (res.complete && !request.shouldKeepAlive) {
    exchange.end();
  } else {
    // Nobody read what is complete, and clean-up took the connection; or the body was cut off, and who did that?
    exchange.destroyedByCaller = res.complete || request.socket?.readableEnded !== true;
    exchange.fail(res.errored ?? undefined);
  }
}

function handedOver(exchange: NodeExchange, response: IncomingMessage | null | undefined): void {
  if (!exchange.settled && response !== undefined && response !== null) {
    exchange.gotResponse(response);
    exchange.end();
  }
}
