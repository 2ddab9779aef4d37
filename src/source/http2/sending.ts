import type { ClientHttp2Stream } from 'node:http2';
import { byteLengthOf } from '../../httpsnoop/byte-length.js';
import type { WrittenChunk } from '../channels.js';
import type { Report } from '../request-trace.js';
import { guarded, guardedPair, type Handlers } from '../subscribe.js';
import { Followed, type Http2Exchange } from './exchange.js';
import type { SendingWatcher } from './unpublished-streams.js';

/** Tells exchanges what their streams send. Newer releases of Node publish it, and older ones are looked on at. */
export class Sending implements SendingWatcher {
  /** Of what newer releases publish. */
  readonly handlers: Handlers = {
    'http2.client.stream.start': ({ stream }) => Followed.by(stream)?.start(),
    'http2.client.stream.bodyChunkSent': (message) => {
      const exchange = countingBodies(message.stream);
      if (exchange !== undefined) {
        wrote(
          exchange,
          message.writev ? message.data : [{ chunk: message.data, encoding: message.encoding }],
        );
      }
    },
    'http2.client.stream.bodySent': ({ stream }) => Followed.by(stream)?.finish(),
  };
  private readonly opened: (exchange: Http2Exchange) => void;
  private readonly wrote: (exchange: Http2Exchange, chunks: readonly WrittenChunk[]) => void;
  private readonly ended: (exchange: Http2Exchange) => void;

  constructor(report: Report) {
    this.opened = guarded('the start of a stream', (exchange) => exchange.start(), report);
    this.wrote = guardedPair('what a stream wrote', wrote, report);
    this.ended = guarded('the end of what a stream wrote', (exchange) => exchange.finish(), report);
  }

  afterOpening(stream: ClientHttp2Stream): void {
    const exchange = Followed.by(stream);
    if (exchange?.connected === false) {
      this.opened(exchange);
    }
  }

  afterWriting(stream: ClientHttp2Stream, chunk: unknown, encoding: unknown): void {
    const exchange = countingBodies(stream);
    if (exchange !== undefined) {
      this.wrote(exchange, [{ chunk, encoding: String(encoding) }]);
    }
  }

  afterWritingAll(stream: ClientHttp2Stream, chunks: readonly WrittenChunk[]): void {
    const exchange = countingBodies(stream);
    if (exchange !== undefined) {
      this.wrote(exchange, chunks);
    }
  }

  afterEnding(stream: ClientHttp2Stream): void {
    const exchange = Followed.by(stream);
    if (exchange?.telling.wroteRequest === false) {
      this.ended(exchange);
    }
  }
}

function countingBodies(stream: ClientHttp2Stream): Http2Exchange | undefined {
  const exchange = Followed.by(stream);
  return exchange?.telling.trace?.countsBodies ? exchange : undefined;
}

function wrote(exchange: Http2Exchange, chunks: readonly WrittenChunk[]): void {
  exchange.wroteBodyChunk(
    chunks.reduce((sum, { chunk, encoding }) => sum + byteLengthOf(chunk, encoding), 0),
  );
}
