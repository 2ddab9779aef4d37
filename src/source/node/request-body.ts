import { byteLengthOf } from '../../httpsnoop/byte-length.js';
import type { Stop } from '../../patch/descriptor.js';
import { watchMethod } from '../../patch/watch-method.js';
import type { Report } from '../request-trace.js';
import { guardedPair } from '../subscribe.js';
import { clientRequestPrototype } from './classes.js';
import { Followed, type NodeExchange } from './exchange.js';

/** Counts what programs give to requests as their bodies, from when somebody wants to know. */
export class RequestBodies {
  private readonly count: (exchange: NodeExchange, args: readonly unknown[]) => void;
  private stops: Stop[] = [];

  constructor(report: Report) {
    this.count = guardedPair('the body of a request', count, report);
  }

  start(): void {
    const prototype = clientRequestPrototype();
    if (this.stops.length === 0 && prototype !== undefined) {
      this.stops = ['write', 'end'].map((name) => watchMethod(prototype, name, this.onWrite));
    }
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) {
      stop();
    }
  }

  private readonly onWrite = (request: object, args: readonly unknown[]): void => {
    const exchange = Followed.by(request);
    if (exchange?.trace?.countsBodies === true) {
      this.count(exchange, args);
    }
  };
}

function count(exchange: NodeExchange, [chunk, encoding]: readonly unknown[]): void {
  const { request } = exchange;
  if (!request.writableEnded && !request.destroyed) {
    exchange.bodyBytes += byteLengthOf(chunk, encoding);
  }
}
