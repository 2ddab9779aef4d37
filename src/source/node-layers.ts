import type { IncomingMessage } from 'node:http';
import { now } from '../clock.js';
import { byteLengthOf } from '../httpsnoop/byte-length.js';
import { type Method, MethodLayer } from './method-layer.js';
import { exchanges, type NodeExchange } from './node-exchange.js';
import type { NodeClientRequest } from './node-request.js';
import type { Report } from './request-trace.js';
import { guarded, guardedPair } from './subscribe.js';

/** What no event tells: methods of a single request, or of its response, with something of ours around them. */
export class NodeLayers {
  private readonly head: MethodLayer<NodeClientRequest>;
  private readonly written: readonly MethodLayer<NodeClientRequest>[];
  private readonly received: MethodLayer<IncomingMessage>;

  constructor(report: Report) {
    this.head = sendLayer(report);
    const countWritten = bodyCounter(report);
    this.written = [writeLayer(countWritten), endLayer(countWritten)];
    this.received = pushLayer(report);
  }

  /** Tells when the head is sent of a request that has its connection, and nothing to send yet. */
  watchHead(request: NodeClientRequest): void {
    this.head.layOver(request);
  }

  /** Counts what the program gives to a request as its body. */
  countRequestBody(request: NodeClientRequest): void {
    for (const layer of this.written) {
      layer.layOver(request);
    }
  }

  /**
   * Tells what arrives of a response's body where Node's parser hands it over: still encoded, before anybody reads
   * it, and whether anybody ever does.
   */
  watchResponseBody(response: IncomingMessage): void {
    this.received.layOver(response);
  }
}

function sendLayer(report: Report): MethodLayer<NodeClientRequest> {
  const sent = guarded(
    'the head of a request',
    (request: object) => exchanges.get(request)?.sentHeaders(now()),
    report,
  );
  return new MethodLayer<NodeClientRequest>(
    '_send',
    (request) => request._send,
    (request, method) => {
      request._send = method;
    },
    (next, request, args) => {
      const result = Reflect.apply(next, request, args);
      if (request._headerSent) {
        sent(request);
      }
      return result;
    },
  );
}

function pushLayer(report: Report): MethodLayer<IncomingMessage> {
  const arrived = guardedPair(
    'the body of a response',
    (exchange: NodeExchange | undefined, bytes: number) => exchange?.trace?.gotBodyChunk?.(bytes),
    report,
  );
  return new MethodLayer<IncomingMessage>(
    'push',
    (response) => response.push,
    (response, method) => {
      response.push = method as typeof response.push;
    },
    (next, response, args) => {
      const [chunk] = args;
      if (ArrayBuffer.isView(chunk)) {
        arrived(exchanges.get(response), chunk.byteLength);
      }
      return Reflect.apply(next, response, args);
    },
  );
}

type CountWritten = (next: Method, request: NodeClientRequest, args: unknown[]) => unknown;

function bodyCounter(report: Report): CountWritten {
  const count = guardedPair(
    'the body of a request',
    (exchange: NodeExchange | undefined, [chunk, encoding]: unknown[]) => {
      if (exchange !== undefined) {
        exchange.bodyBytes += byteLengthOf(chunk, encoding);
      }
    },
    report,
  );
  return (next, request, args) => {
    const isTaken = !request.writableEnded && !request.destroyed;
    const result = Reflect.apply(next, request, args);
    if (isTaken) {
      count(exchanges.get(request), args);
    }
    return result;
  };
}

function writeLayer(around: CountWritten): MethodLayer<NodeClientRequest> {
  return new MethodLayer<NodeClientRequest>(
    'write',
    (request) => request.write,
    (request, method) => {
      request.write = method as typeof request.write;
    },
    around,
  );
}

function endLayer(around: CountWritten): MethodLayer<NodeClientRequest> {
  return new MethodLayer<NodeClientRequest>(
    'end',
    (request) => request.end,
    (request, method) => {
      request.end = method as typeof request.end;
    },
    around,
  );
}
