import { once } from 'node:events';
import * as http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { certificate } from './certificates.js';

/** What a server of streams got. */
interface Received {
  readonly headers: http2.IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly raw: readonly string[];
}

export interface StreamServer {
  readonly origin: string;
  readonly port: number;
  /** Each request, by its path. */
  readonly received: ReadonlyMap<string, Received>;
  /** Each connection that was accepted. */
  readonly connections: readonly Socket[];
  readonly sessions: readonly http2.ServerHttp2Session[];
  /** The values of one header of a request, one for each of its lines. */
  values(path: string, name: string): string[];
}

export type AnswerStream = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => unknown;

const OK: AnswerStream = (stream) => {
  stream.respond({ ':status': 200 });
  stream.end('ok');
};

export interface StreamServerOptions extends http2.SecureServerOptions {
  readonly tls?: boolean;
  /** The path of a unix socket, in place of a port. */
  readonly path?: string;
  readonly host?: string;
}

/** A server of HTTP/2 by its stream API, in clear unless it is told otherwise. */
export async function streamServer(
  answer: AnswerStream = OK,
  { tls = false, path, host = '127.0.0.1', ...options }: StreamServerOptions = {},
): Promise<StreamServer> {
  const server: http2.Http2Server | http2.Http2SecureServer = tls
    ? http2.createSecureServer({ ...certificate('localhost'), ...options })
    : http2.createServer(options);
  const received = new Map<string, Received>();
  const connections: Socket[] = [];
  const sessions: http2.ServerHttp2Session[] = [];
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => undefined);
    connections.push(socket);
  });
  server.on('session', (session) => {
    session.on('error', () => undefined);
    sessions.push(session);
  });
  server.on(
    'stream',
    (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, _flags: number, raw: string[]) => {
      stream.on('error', () => undefined);
      received.set(String(headers[':path']), { headers, raw });
      answer(stream, headers);
    },
  );
  server.listen(path === undefined ? { port: 0, host } : { path });
  await once(server, 'listening');
  onTestFinished(() => {
    for (const connection of connections) {
      connection.destroy();
    }
    server.close();
  });
  const { port } = (path === undefined ? server.address() : { port: 0 }) as AddressInfo;
  const named = host.includes(':') ? `[${host}]` : host;
  return {
    origin: `${tls ? 'https' : 'http'}://${named}:${port}`,
    port,
    received,
    connections,
    sessions,
    values: (path, name) =>
      received.get(path)?.raw.filter((_, i, list) => i % 2 === 1 && list[i - 1] === name) ?? [],
  };
}
