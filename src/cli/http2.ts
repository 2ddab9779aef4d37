import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import net, { isIP, type Socket } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { now } from '../clock.js';
import { Dial } from '../source/connection/dial.js';
import {
  type Answer,
  type ConnectionOptions,
  type Exchange,
  type Hop,
  header,
  hostnameOf,
  portOf,
  type Transport,
} from './exchange.js';
import type { Http1Transport } from './http1.js';
import type { RequestRecorder } from './recorder.js';

/** A session, and what `gotConn` tells of its connection. */
interface KeptSession {
  session: ClientHttp2Session;
  socket: Socket;
  idleSince: number | undefined;
}

/** Header fields that belong to a connection of HTTP/1.1 and are an error in HTTP/2. */
const OF_HTTP1 = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Sends requests by `node:http2`. Its client publishes nothing that a trace could be made of, so the hooks are
 * called here. A server that does not agree to HTTP/2 is spoken to over the same connection by HTTP/1.1.
 */
export class Http2Transport implements Transport {
  private readonly sessions = new Map<string, KeptSession>();
  private readonly http1Only = new Set<string>();
  private readonly http1: Http1Transport;
  private readonly connection: ConnectionOptions;

  constructor(connection: ConnectionOptions, http1: Http1Transport) {
    this.connection = connection;
    this.http1 = http1;
  }

  async send(exchange: Exchange): Promise<void> {
    const { origin } = exchange.hop.url;
    if (this.http1Only.has(origin)) {
      await this.http1.send(exchange);
      return;
    }
    exchange.recorder.getConn();
    const kept = this.kept(origin) ?? (await this.dial(exchange));
    await (kept === undefined ? this.http1.send(exchange) : exchangeOver(kept, exchange));
  }

  close(): void {
    this.http1.close();
    for (const { session } of this.sessions.values()) {
      session.destroy();
    }
  }

  private kept(origin: string): KeptSession | undefined {
    const kept = this.sessions.get(origin);
    return kept === undefined || kept.session.closed || kept.session.destroyed ? undefined : kept;
  }

  /** A new session; `undefined` if the server chose HTTP/1.1. */
  private async dial({ hop: { url }, recorder, signal }: Exchange): Promise<KeptSession | undefined> {
    const socket = this.connect(url);
    Dial.watch(socket, recorder);
    await connected(socket, signal);
    if (isTls(socket) && socket.alpnProtocol !== 'h2') {
      this.http1Only.add(url.origin);
      this.http1.adopt(socket);
      return undefined;
    }
    const session = http2.connect(url.origin, { createConnection: () => socket });
    // What goes wrong on a session is told by the streams that it breaks.
    session.on('error', () => undefined);
    const kept: KeptSession = { session, socket, idleSince: undefined };
    this.sessions.set(url.origin, kept);
    return kept;
  }

  private connect(url: URL): Socket {
    const { insecure, family } = this.connection;
    const host = hostnameOf(url);
    const target = { host, port: portOf(url), ...(family === undefined ? {} : { family }) };
    return url.protocol === 'http:'
      ? net.connect(target)
      : tls.connect({
          ...target,
          ALPNProtocols: ['h2', 'http/1.1'],
          rejectUnauthorized: !insecure,
          ...(isIP(host) === 0 ? { servername: host } : {}),
        });
  }
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true;
}

async function connected(socket: Socket, signal: AbortSignal): Promise<void> {
  const abort = (): void => void socket.destroy(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await once(socket, isTls(socket) ? 'secureConnect' : 'connect');
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function exchangeOver(kept: KeptSession, exchange: Exchange): Promise<void> {
  const { hop, recorder, onAnswer, onBody, signal } = exchange;
  gotConn(kept, recorder);
  const stream = kept.session.request(headersOf(hop), { endStream: hop.body === undefined });
  const abort = (): void => void stream.destroy(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const answered = answerOf(stream, recorder);
    recorder.wroteHeaders();
    write(stream, hop, recorder);
    onAnswer(await answered);
    for await (const chunk of stream) {
      await onBody(chunk);
    }
  } finally {
    signal.removeEventListener('abort', abort);
    kept.idleSince = now();
  }
}

function gotConn({ socket, idleSince }: KeptSession, recorder: RequestRecorder): void {
  const reused = idleSince !== undefined;
  const idleTime = idleSince === undefined ? 0 : now() - idleSince;
  recorder.gotConn({ conn: socket, reused, wasIdle: reused, idleTime });
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
    ':path': `${url.pathname}${url.search}`,
    ...headers,
  };
}

function write(stream: ClientHttp2Stream, { body }: Hop, recorder: RequestRecorder): void {
  if (body === undefined) {
    recorder.wroteRequest({});
  } else {
    stream.once('finish', () => recorder.wroteRequest({}));
    stream.end(body);
  }
}

function answerOf(stream: ClientHttp2Stream, recorder: RequestRecorder): Promise<Answer> {
  let answering = false;
  const firstByte = (): void => {
    if (!answering) {
      answering = true;
      recorder.gotFirstResponseByte();
    }
  };
  return new Promise((resolve, reject) => {
    stream.on('headers', (headers) => {
      firstByte();
      recorder.got1xxResponse(Number(headers[':status']));
    });
    stream.once('response', (headers) => {
      firstByte();
      resolve({ status: Number(headers[':status']), headers, protocol: 'HTTP/2' });
    });
    stream.once('error', reject);
    stream.once('close', () => reject(streamClosed()));
  });
}

/** A stream may be closed by the server without an error. */
function streamClosed(): Error {
  return Object.assign(new Error('the stream was closed without a response'), {
    code: 'ERR_HTTP2_STREAM_CANCEL',
  });
}
