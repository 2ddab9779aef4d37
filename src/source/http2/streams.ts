import type { ClientHttp2Stream } from 'node:http2';
import { watchMethod } from '../../patch/watch-method.js';
import type { Report, Stop } from '../request-trace.js';
import { guarded, guardedPair } from '../subscribe.js';
import { exchanges, type Http2Exchange } from './exchange.js';
import type { ResponseHeaders } from './telling.js';
import { observeStreams, PUBLISHES_STREAMS, type StreamHandlers } from './unpublished-streams.js';

/**
 * What no channel tells of a stream, in any release of Node: informational responses, and the final one after them;
 * the stream's timeout; what arrives, and that it is all; and who closed the stream.
 *
 * It is told by methods of the class that all streams of clients share. Node does not export it: it is known with the
 * first of them. A listener would count among the program's own, start the flow, or come too late.
 */
export class StreamWatch {
  private readonly handlers: StreamHandlers;
  private readonly report: Report;
  private prototype: object | undefined = undefined;
  private stops: Stop[] = [];

  /** @param handlers Of what older releases do not publish. */
  constructor(handlers: StreamHandlers, report: Report) {
    this.handlers = handlers;
    this.report = report;
  }

  /** With the first stream it is known what all streams are. */
  learn(stream: ClientHttp2Stream): void {
    if (this.prototype === undefined) {
      this.prototype = Object.getPrototypeOf(stream) as object;
      this.start();
    }
  }

  /** Looks on at all streams from now on, if it does not yet, and as soon as it is known what they are. */
  start(): void {
    const { prototype } = this;
    if (prototype !== undefined && this.stops.length === 0) {
      this.stops = [
        watchEvents(prototype, this.report),
        watchReceived(prototype, this.report),
        watchClosing(prototype, this.report),
        ...(PUBLISHES_STREAMS ? [] : observeStreams(prototype, this.handlers, this.report)),
      ];
    }
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) {
      stop();
    }
  }
}

/** What `onEvent` knows. A stream emits three times as many. */
const EVENTS: ReadonlySet<unknown> = new Set(['headers', 'response', 'timeout', 'error', 'close']);

function watchEvents(prototype: object, report: Report): Stop {
  const tell = guardedPair('an event of a stream', onEvent, report);
  return watchMethod(prototype, 'emit', (stream: object, args) => {
    const exchange = EVENTS.has(args[0]) ? exchanges.get(stream) : undefined;
    if (exchange !== undefined) {
      tell(exchange, args);
    }
  });
}

function onEvent(exchange: Http2Exchange, [event, value, , raw]: readonly unknown[]): void {
  switch (event) {
    case 'headers':
      exchange.inform(value as ResponseHeaders);
      break;
    case 'response':
      exchange.respond(value as ResponseHeaders, raw as readonly string[]);
      break;
    case 'timeout':
      exchange.timedOut = true;
      break;
    case 'error':
    // Not emitted after an error that nobody handles.
    case 'close':
      if (exchange.stream?.destroyed) {
        exchange.gone();
      }
  }
}

/** Node pushes what it receives, whether anybody reads it or not, and `null` when there is no more. */
function watchReceived(prototype: object, report: Report): Stop {
  const tell = guardedPair('what a stream received', onReceived, report);
  return watchMethod(prototype, 'push', (stream: object, args) => {
    const exchange = exchanges.get(stream);
    if (exchange !== undefined) {
      tell(exchange, args[0]);
    }
  });
}

function onReceived(exchange: Http2Exchange, chunk: unknown): void {
  if (chunk === null) {
    exchange.receivedLast();
  } else if (ArrayBuffer.isView(chunk)) {
    exchange.telling.gotBodyChunk(chunk.byteLength);
  }
}

function watchClosing(prototype: object, report: Report): Stop {
  const closed = guarded('a closed stream', onClosed, report);
  return watchMethod(
    prototype,
    'close',
    (stream: ClientHttp2Stream) => {
      const exchange = stream.closed ? undefined : exchanges.get(stream);
      exchange?.closing();
      return exchange;
    },
    (exchange) => {
      if (exchange !== undefined) {
        closed(exchange);
      }
    },
  );
}

function onClosed(exchange: Http2Exchange): void {
  if (exchange.stream?.closed) {
    exchange.closed();
  } else {
    exchange.staysOpen();
  }
}
