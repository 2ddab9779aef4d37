import type { IncomingMessage } from 'node:http';
import { now } from '../../clock.js';
import { byteLengthOf } from '../../httpsnoop/byte-length.js';
import { type Around, MethodLayer, passingOn } from '../../patch/method-layer.js';
import type { Report } from '../request-trace.js';
import { guarded, guardedPair } from '../subscribe.js';
import { exchanges, type NodeExchange } from './exchange.js';
import type { NodeClientRequest } from './request.js';

/** The methods that are replaced, whatever their declared types. */
interface RequestMethods {
  _send: unknown;
  write: unknown;
  end: unknown;
}

interface ResponseMethods {
  push: unknown;
}

/** What no event tells: methods of a single request, or of its response, with something of ours around them. */
export class NodeLayers {
  private readonly send: MethodLayer<NodeClientRequest>;
  private readonly write: MethodLayer<NodeClientRequest>;
  private readonly end: MethodLayer<NodeClientRequest>;
  private readonly push: MethodLayer<IncomingMessage>;

  constructor(report: Report) {
    this.send = sendLayer(report);
    const countWritten = bodyCounter(report);
    this.write = new MethodLayer<NodeClientRequest>(
      'write',
      countWritten,
      passingOn((request) => request.write, countWritten),
    );
    this.end = new MethodLayer<NodeClientRequest>(
      'end',
      countWritten,
      passingOn((request) => request.end, countWritten),
    );
    this.push = pushLayer(report);
  }

  /** Tells when the head is sent of a request that has its connection, and nothing to send yet. */
  watchHead(request: NodeClientRequest): void {
    const own: RequestMethods = request;
    const inherited: RequestMethods = Object.getPrototypeOf(request);
    own._send = this.send.over(own._send, inherited._send);
  }

  /** Counts what the program gives to a request as its body. */
  countRequestBody(request: NodeClientRequest): void {
    const own: RequestMethods = request;
    const inherited: RequestMethods = Object.getPrototypeOf(request);
    own.write = this.write.over(own.write, inherited.write);
    own.end = this.end.over(own.end, inherited.end);
  }

  /**
   * Tells what arrives of a response's body where Node's parser hands it over: still encoded, before anybody reads
   * it, and whether anybody ever does.
   */
  watchResponseBody(response: IncomingMessage): void {
    const own: ResponseMethods = response;
    const inherited: ResponseMethods = Object.getPrototypeOf(response);
    own.push = this.push.over(own.push, inherited.push);
  }
}

function sendLayer(report: Report): MethodLayer<NodeClientRequest> {
  const sent = guarded(
    'the head of a request',
    (request: object) => exchanges.get(request)?.sentHeaders(now()),
    report,
  );
  const around: Around<NodeClientRequest> = (next, request, args) => {
    const result = Reflect.apply(next, request, args);
    if (request._headerSent) {
      sent(request);
    }
    return result;
  };
  return new MethodLayer(
    '_send',
    around,
    passingOn((request) => request._send, around),
  );
}

function pushLayer(report: Report): MethodLayer<IncomingMessage> {
  const arrived = guardedPair(
    'the body of a response',
    (exchange: NodeExchange | undefined, bytes: number) => exchange?.trace?.gotBodyChunk?.(bytes),
    report,
  );
  const around: Around<IncomingMessage> = (next, response, args) => {
    const [chunk] = args;
    if (ArrayBuffer.isView(chunk)) {
      arrived(exchanges.get(response), chunk.byteLength);
    }
    return Reflect.apply(next, response, args);
  };
  return new MethodLayer(
    'push',
    around,
    passingOn((response) => response.push, around),
  );
}

function bodyCounter(report: Report): Around<NodeClientRequest> {
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
