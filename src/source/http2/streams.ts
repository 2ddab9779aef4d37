import type { ClientHttp2Stream } from 'node:http2';
import { enterMoment, leaveMoment } from '../../clock.js';
import type { Report, Stop } from '../request-trace.js';
import { reportOnce } from '../subscribe.js';
import { Followed, type Http2Exchange } from './exchange.js';
import type { ResponseHeaders } from './telling.js';
import { PUBLISHES_STREAMS, type SendingWatcher, watchSending } from './unpublished-streams.js';
import { type StreamWatcher, watchStreams } from './watched-methods.js';

/**
 * Looks on at what no release of Node publishes of a stream: its responses, its timeout, what arrives, and who closed it.
 *
 * It lays methods over those of the class that all streams of clients share. Node does not export the class: it is
 * known with the first stream. A listener would be one more than the program has, start the flow, or come too late.
 */
export class StreamWatch implements StreamWatcher<Http2Exchange> {
  private readonly sending: SendingWatcher;
  private readonly failed: (error: unknown) => void;
  private prototype: object | undefined = undefined;
  private stops: Stop[] = [];

  /** @param sending Told what older releases of Node do not publish. */
  constructor(sending: SendingWatcher, report: Report) {
    this.sending = sending;
    this.failed = reportOnce('what became of a stream', report);
  }

  /** The first stream shows the class of all streams. */
  learn(stream: ClientHttp2Stream): void {
    if (this.prototype === undefined) {
      this.prototype = Object.getPrototypeOf(stream) as object;
      this.start();
    }
  }

  /** Looks on from now on, or from when the first stream is there. */
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
    const exchange = Followed.by(stream);
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
    const exchange = Followed.by(stream);
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
    const exchange = Followed.by(stream);
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
    // `close` is not emitted after an error that nobody handles.
    case 'close':
      if (exchange.stream?.destroyed) {
        exchange.gone();
      }
  }
}
