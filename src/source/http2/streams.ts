import type { ClientHttp2Stream } from 'node:http2';
import { enterMoment, leaveMoment } from '../../clock.js';
import type { Report, Stop } from '../request-trace.js';
import { reportOnce } from '../subscribe.js';
import { exchanges, type Http2Exchange } from './exchange.js';
import type { ResponseHeaders } from './telling.js';
import { PUBLISHES_STREAMS, type SendingWatcher, watchSending } from './unpublished-streams.js';
import { type StreamWatcher, watchStreams } from './watched-methods.js';

/**
 * What no channel tells of a stream, in any release of Node: informational responses, and the final one after them;
 * the stream's timeout; what arrives, and that it is all; and who closed the stream.
 *
 * It is told by methods of the class that all streams of clients share. Node does not export it: it is known with the
 * first of them. A listener would count among the program's own, start the flow, or come too late.
 */
export class StreamWatch implements StreamWatcher<Http2Exchange> {
  private readonly sending: SendingWatcher;
  private readonly failed: (error: unknown) => void;
  private prototype: object | undefined = undefined;
  private stops: Stop[] = [];

  /** @param sending Told what older releases do not publish. */
  constructor(sending: SendingWatcher, report: Report) {
    this.sending = sending;
    this.failed = reportOnce('what became of a stream', report);
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
        watchStreams(prototype, this),
        ...(PUBLISHES_STREAMS ? [] : [watchSending(prototype, this.sending)]),
      ];
    }
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) {
      stop();
    }
  }

  beforeEvent(stream: object, event: unknown, value: unknown, raw: unknown): void {
    const exchange = exchanges.get(stream);
    if (exchange === undefined || exchange.isSettled) {
      return;
    }
    const before = enterMoment();
    try {
      onEvent(exchange, event, value, raw);
    } catch (error) {
      this.failed(error);
    } finally {
      leaveMoment(before);
    }
  }

  beforePush(stream: object, chunk: unknown): void {
    const exchange = exchanges.get(stream);
    if (exchange === undefined || exchange.isSettled) {
      return;
    }
    const before = enterMoment();
    try {
      if (chunk === null) {
        exchange.receivedLast();
      } else if (ArrayBuffer.isView(chunk)) {
        exchange.telling.gotBodyChunk(chunk.byteLength);
      }
    } catch (error) {
      this.failed(error);
    } finally {
      leaveMoment(before);
    }
  }

  beforeClose(stream: ClientHttp2Stream): Http2Exchange | undefined {
    const exchange = exchanges.get(stream);
    exchange?.closing();
    return exchange;
  }

  afterClose(exchange: Http2Exchange): void {
    const before = enterMoment();
    try {
      if (exchange.stream?.closed) {
        exchange.closed();
      } else {
        exchange.staysOpen();
      }
    } catch (error) {
      this.failed(error);
    } finally {
      leaveMoment(before);
    }
  }
}

function onEvent(exchange: Http2Exchange, event: unknown, value: unknown, raw: unknown): void {
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
