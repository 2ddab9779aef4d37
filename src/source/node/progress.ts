import type { IncomingMessage, InformationEvent } from 'node:http';
import type { Socket } from 'node:net';
import type { ChannelMessages } from '../channels.js';
import type { Report } from '../request-trace.js';
import { guardedPair } from '../subscribe.js';
import type { NodeConnections } from './connections.js';
import { exchanges, type NodeExchange } from './exchange.js';
import type { MessageWatcher } from './watched-methods.js';
import type { NodeDialling } from './whose-dial.js';

type Handle = (exchange: NodeExchange, args: readonly unknown[]) => void;

/**
 * Follows requests by their own events: it looks on at `emit`, which is called whether anybody listens or not. A
 * listener of ours would be one more than the program has; and that of `response`, `upgrade`, `connect` or `error`
 * decides what Node does.
 */
export class NodeProgress implements MessageWatcher {
  private readonly connections: NodeConnections;
  private readonly dialling: NodeDialling;
  private readonly handlers: ReadonlyMap<unknown, Handle>;
  private readonly onEnd: (exchange: NodeExchange, nothing: undefined) => void;
  private readonly onBodyChunk: (exchange: NodeExchange, bytes: number) => void;

  constructor(connections: NodeConnections, dialling: NodeDialling, report: Report) {
    this.connections = connections;
    this.dialling = dialling;
    const events: Readonly<Record<string, Handle>> = {
      socket: (exchange, [, socket]) => this.given(exchange, socket as Socket),
      finish: sent,
      information: (exchange, [, information]) => informed(exchange, information as InformationEvent),
      timeout: timedOut,
      upgrade: (exchange, [, response]) => this.handedOver(exchange, response as IncomingMessage),
      connect: (exchange, [, response]) => this.handedOver(exchange, response as IncomingMessage),
      error: (exchange, [, error]) => this.errored(exchange, error),
      close: settle,
    };
    this.handlers = new Map(
      Object.entries(events).map(([event, handle]) => [event, guardedPair(event, handle, report)]),
    );
    this.onEnd = guardedPair('end', (exchange) => exchange.end(), report);
    this.onBodyChunk = guardedPair(
      'the body of a response',
      (exchange, bytes) => exchange.gotBodyChunk(bytes),
      report,
    );
  }

  /** A request is about to tell its listeners of an event. */
  beforeEvent(request: object, args: readonly unknown[]): void {
    const handle = this.handlers.get(args[0]);
    if (handle !== undefined) {
      const exchange = exchanges.get(request);
      if (exchange === undefined) {
        return;
      }
      if (!exchange.settled) {
        handle(exchange, args);
      }
      if (args[0] === 'close') {
        this.over(exchange);
      }
    }
  }

  beforeEnd(message: object): void {
    const exchange = exchanges.get(message);
    if (exchange !== undefined) {
      this.onEnd(exchange, undefined);
    }
  }

  beforePush(message: object, chunk: unknown): void {
    const exchange = exchanges.get(message);
    if (exchange !== undefined && ArrayBuffer.isView(chunk)) {
      this.onBodyChunk(exchange, chunk.byteLength);
    }
  }

  /** The head of the final response is parsed. */
  onResponse({ request, response }: ChannelMessages['http.client.response.finish']): void {
    const exchange = exchanges.get(request);
    if (exchange?.trace !== undefined && !exchange.settled && !exchange.refused) {
      exchanges.set(response, exchange);
      exchange.gotResponse(response);
    }
  }

  private given(exchange: NodeExchange, socket: Socket): void {
    if (exchange.tunnelFor !== undefined) {
      this.dialling.tunnel(socket, exchange.tunnelFor);
    }
    this.connections.given(socket, exchange);
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

  /** A request told its last event. Nothing here is timed, or calls anybody. */
  private over(exchange: NodeExchange): void {
    this.dialling.over(exchange);
    this.connections.release(exchange);
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

/** Before Node 24 it comes also where the connection is broken, and what was not sent is dropped. */
function sent(exchange: NodeExchange): void {
  const { socket } = exchange.request;
  if (!socket || (!socket.destroyed && !socket.errored)) {
    exchange.finish();
  }
}

function timedOut(exchange: NodeExchange): void {
  exchange.idle = true;
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
    // Nobody read what is complete, and clean-up took the connection; or the body was cut off, and who did that?
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
