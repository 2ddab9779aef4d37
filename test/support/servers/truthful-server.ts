import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import type { Server, Socket } from 'node:net';
import { certificate } from './certificates.js';
import { listen } from './listen.js';

/** The header fields in which a server tells what is true. */
export const CLIENT_PORT = 'x-client-port';
export const REQUEST_NUMBER = 'x-request-number';

/** Answers a request; the fields that tell the truth are set already. */
export type Answer = (req: http.IncomingMessage, res: http.ServerResponse) => unknown;
export type Http2Answer = (req: http2.Http2ServerRequest, res: http2.Http2ServerResponse) => unknown;

/** A server that says in each response on which connection the request came, and as which one there. */
export interface TruthfulServer {
  readonly port: number;
  /** With an IP address: no name is looked up. */
  readonly origin: string;
  /** Each connection that was accepted, in their order. */
  readonly connections: readonly Socket[];
}

const OK: Answer & Http2Answer = (_req: unknown, res: { end(body: string): unknown }) => res.end('ok');

export function httpServer(answer: Answer = OK): Promise<TruthfulServer> {
  const tell = truth();
  return serve(
    'http',
    http.createServer((req, res) => {
      tell(req.socket, req.socket, res);
      answer(req, res);
    }),
  );
}

export function httpsServer(
  answer: Answer = OK,
  options: https.ServerOptions = certificate('localhost'),
): Promise<TruthfulServer> {
  const tell = truth();
  return serve(
    'https',
    https.createServer(options, (req, res) => {
      tell(req.socket, req.socket, res);
      answer(req, res);
    }),
  );
}

/** Speaks HTTP/2 over TLS. */
export function http2Server(answer: Http2Answer = OK): Promise<TruthfulServer> {
  const tell = truth();
  return serve(
    'https',
    http2.createSecureServer(certificate('localhost'), (req, res) => {
      // The socket of a session is wrapped anew each time that it is asked for.
      tell(req.stream.session ?? req.stream, req.socket, res);
      answer(req, res);
    }),
  );
}

type Tell = (
  connection: object,
  socket: Pick<Socket, 'remotePort'>,
  res: { setHeader(name: string, value: number): unknown },
) => void;

function truth(): Tell {
  const requests = new WeakMap<object, number>();
  return (connection, socket, res) => {
    const number = (requests.get(connection) ?? 0) + 1;
    requests.set(connection, number);
    res.setHeader(CLIENT_PORT, socket.remotePort ?? 0);
    res.setHeader(REQUEST_NUMBER, number);
  };
}

async function serve(scheme: string, server: Server): Promise<TruthfulServer> {
  const connections: Socket[] = [];
  server.on('connection', (socket: Socket) => connections.push(socket));
  const port = await listen(server);
  return { port, origin: `${scheme}://127.0.0.1:${port}`, connections };
}
