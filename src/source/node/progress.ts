import type { IncomingMessage, InformationEvent } from 'node:http';
import type { Socket } from 'node:net';
import { enterMoment, leaveMoment } from '../../clock.js';
import type { ChannelMessages } from '../channels.js';
import type { Report } from '../request-trace.js';
import { reportOnce } from '../subscribe.js';
import type { NodeConnections } from './connections.js';
import { Followed, type NodeExchange } from './exchange.js';
import type { EventWatcher } from './watched-methods.js';
import type { NodeDialling } from './whose-dial.js';

/**
 * Follows requests by their events and those of their responses. It looks on at `emit`, which Node calls whether anybody
 * listens or not. A listener of ours would be one more than the program has, and Node decides by the listeners of
 * `response`, `upgrade`, `connect` and `error` what it does.
 */
export class NodeProgress implements EventWatcher {
  readonly requestEvents: ReadonlySet<unknown> = new Set([
    ...['socket', 'finish', 'information', 'timeout'],
    ...['upgrade', 'connect', 'error', 'close'],
  ]);
  private readonly connections: NodeConnections;
  private readonly dialling: NodeDialling;
  private readonly failed: (error: unknown) => void;

  constructor(connections: NodeConnections, dialling: NodeDialling, report: Report) {
    this.connections = connections;
    this.dialling = dialling;
    this.failed = reportOnce('an event of a request', report);
  }

  /** As `guarded`, without a function for each event. */
  beforeEvent(message: object, event: unknown, value: unknown): void {
    const exchange = Followed.by(message);
    if (exchange === undefined || (exchange.settled && event !== 'close')) {
      return;
    }
    const before = enterMoment();
    try {
      this.onEvent(exchange, event, value);
    } catch (error) {
      this.failed(error);
    } finally {
      leaveMoment(before);
    }
  }

  /** The head of the final response is parsed. */
  onResponse({ request, response }: ChannelMessages['http.client.response.finish']): void {
    const exchange = Followed.by(request);
    if (exchange?.trace !== undefined && !exchange.settled && !exchange.refused) {
      new Followed(response, exchange);
      exchange.gotResponse(response);
    }
  }

  private onEvent(exchange: NodeExchange, event: unknown, value: unknown): void {
    switch (event) {
      case 'socket':
        if (exchange.tunnelFor !== undefined) {
          this.dialling.tunnel(value as Socket, exchange.tunnelFor);
        }
        this.connections.given(value as Socket, exchange);
        break;
      case 'finish':
        exchange.finish();
        break;
      case 'push':
        if (ArrayBuffer.isView(value)) {
          exchange.idle = false;
          exchange.trace?.gotBodyChunk?.(value.byteLength);
        }
        break;
      case 'end':
        exchange.end();
        break;
      case 'information':
        informed(exchange, value as InformationEvent);
        break;
      case 'timeout':
        exchange.idle = true;
        break;
      case 'upgrade':
      case 'connect':
        this.handedOver(exchange, value as IncomingMessage);
        break;
      case 'error':
        this.errored(exchange, value);
        break;
      case 'close':
        this.closed(exchange);
    }
  }

  /** The program is given the connection, by an upgrade or a CONNECT. */
  private handedOver(exchange: NodeExchange, response: IncomingMessage): void {
    hijacked(exchange, response);
    const { socket } = exchange.request;
    if (socket) {
      this.connections.leavePool(socket);
    }
  }

  private errored(exchange: NodeExchange, error: unknown): void {
    const { request, refused } = exchange;
    // A response that is complete is there to be read, whatever becomes of its connection.
    if (refused || request.res?.complete !== true) {
      exchange.destroyedByCaller = request.destroyed && isHangUp(error);
      this.dialling.failed(exchange, error);
      exchange.fail(error);
    }
  }

  /** The last event of a request, and the only one if the program gives it up without an error. */
  private closed(exchange: NodeExchange): void {
    try {
      if (!exchange.settled) {
        settle(exchange);
      }
    } finally {
      if (exchange.awaitsSocket) {
        this.dialling.over(exchange);
      }
      this.connections.release(exchange);
    }
  }
}

function informed(exchange: NodeExchange, { statusCode, headers }: InformationEvent): void {
  const { trace, request } = exchange;
  if (exchange.settled || exchange.refused) {
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

/** Node's word for a connection that is closed before the response: by the peer, or by the program itself. */
function isHangUp(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ECONNRESET' &&
    error.message === 'socket hang up'
  );
}

/** A request was closed before it was known how it ended: what it has come to says that. */
function settle(exchange: NodeExchange): void {
  const { request } = exchange;
  const { res } = request;
  if (request.upgradeOrConnect || res?.statusCode === 101) {
    hijacked(exchange, res);
  } else if (res === undefined || res === null) {
    exchange.destroyedByCaller = true;
    exchange.fail(undefined);
  } else if (res.complete && !request.shouldKeepAlive) {
    exchange.end();
  } else {
    // Either nobody read a complete response, and clean-up took its connection. Or the body was cut off: by the peer, if
    // that ended the connection.
    exchange.destroyedByCaller = res.complete || request.socket?.readableEnded !== true;
    exchange.fail(res.errored ?? undefined);
  }
}

function hijacked(exchange: NodeExchange, response: IncomingMessage | null | undefined): void {
  if (!exchange.settled && response !== undefined && response !== null) {
    exchange.gotResponse(response);
    exchange.end();
  }
}
