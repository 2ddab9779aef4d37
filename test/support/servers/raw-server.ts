import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { deferred } from '../deferred.js';
import { listen } from './listen.js';

/** A server of bytes. */
export interface RawServer {
  readonly port: number;
  readonly origin: string;
  readonly connections: readonly Socket[];
}

/** Gives each connection to `serve`; what goes wrong on one is no concern of the test. */
export async function rawServer(serve: (socket: Socket) => unknown): Promise<RawServer> {
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  const port = await listen(server);
  return { port, origin: `http://127.0.0.1:${port}`, connections };
}

/** Answers each request head that arrives with these bytes, whatever it asks for. */
export function answering(bytes: string): (socket: Socket) => void {
  return (socket) => onEachHead(socket, () => socket.write(bytes));
}

/** Calls back for each request without a body that is complete. */
export function onEachHead(socket: Socket, callback: () => void): void {
  let received = '';
  socket.on('data', (data) => {
    received += data.toString('latin1');
    for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
      received = received.slice(end + 4);
      callback();
    }
  });
}

/** Accepts connections and never says a word: no handshake, no head of a response. */
export async function silentServer(): Promise<RawServer & { readonly received: Promise<unknown> }> {
  const { promise, resolve } = deferred();
  const server = await rawServer((socket) => socket.on('data', resolve));
  return { ...server, received: promise };
}

/** Drops the connection by a reset when a request has arrived. */
export function resettingServer(): Promise<RawServer> {
  return rawServer((socket) => onEachHead(socket, () => socket.resetAndDestroy()));
}

/** A port on which nothing listens: it was given away by the system just now, and given back. */
export async function refusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
