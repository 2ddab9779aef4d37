import http2, { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { Answer } from './answer.js';
import type { Exchange } from './exchange.js';
import { type Hop, header, pathOf } from './hop.js';

/** Header fields that belong to a connection of HTTP/1.1 and are an error in HTTP/2. */
const OF_HTTP1: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** A connection that speaks HTTP/2. */
export class Http2Session {
  private readonly session: ClientHttp2Session;

  constructor({ origin }: URL, socket: Socket) {
    this.session = http2.connect(origin, { createConnection: () => socket });
    // The streams that a failure of the session breaks tell of it.
    this.session.on('error', () => undefined);
  }

  /** Whether the next request can take this connection. */
  get hasIdle(): boolean {
    return !this.session.closed && !this.session.destroyed;
  }

  async send({ hop, onAnswer, onBody, signal }: Exchange): Promise<void> {
    const stream = this.session.request(headersOf(hop), { endStream: hop.body === undefined });
    const abort = (): void => void stream.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const answered = answerOf(stream);
      if (hop.body !== undefined) {
        stream.end(hop.body);
      }
      onAnswer(await answered);
      for await (const chunk of stream) {
        await onBody(chunk);
      }
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  close(): void {
    this.session.destroy();
  }
}

function headersOf(hop: Hop): OutgoingHttpHeaders {
  const { url, method } = hop;
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of hop.headers) {
    const key = name.toLowerCase();
    const before = headers[key];
    if (!OF_HTTP1.has(key)) {
      headers[key] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
    }
  }
  return {
    ':method': method,
    ':scheme': url.protocol.slice(0, -1),
    ':authority': header(hop, 'host') ?? url.host,
    ':path': pathOf(url),
    ...headers,
  };
}

function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    stream.once('response', (headers) => {
      const rawHeaders = Object.entries(headers).flatMap(([name, value]) =>
        name.startsWith(':') ? [] : [value].flat().flatMap((line) => [name, String(line)]),
      );
      resolve({ status: Number(headers[':status']), reason: '', headers, rawHeaders, protocol: 'HTTP/2' });
    });
    stream.once('error', reject);
    stream.once('close', () => reject(streamClosed()));
  });
}

/** The error of a stream that the server closed without one. */
function streamClosed(): Error {
  return Object.assign(new Error('the stream was closed without a response'), {
    code: 'ERR_HTTP2_STREAM_CANCEL',
  });
}
