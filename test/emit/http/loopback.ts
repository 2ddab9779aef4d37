import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { type Failure, failureErrorType, failureKind } from '../../../src/emit/http/error.js';

export const certificate = (name: string): Buffer => readFileSync(path.join('test/certs', name));

export async function listening(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A server that does this with the socket of each connection, once a request is there. */
export function answering(answer: (socket: net.Socket) => void): Promise<number> {
  const sockets = new Set<net.Socket>();
  onTestFinished(() => {
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', () => answer(socket));
  });
  return listening(server);
}

/** A server that never answers. */
export const silent = (): Promise<number> => answering(() => undefined);
export const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n';
/** A server that stops within the body. */
export const halfway = (): Promise<number> => answering((socket) => socket.write(`${HEAD}half`));

/** A port on which nobody listens. */
export async function refused(): Promise<number> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export async function tlsServer(name: string): Promise<number> {
  const server = https.createServer({ cert: certificate(`${name}.pem`), key: certificate(`${name}.key`) });
  server.on('tlsClientError', () => undefined);
  return listening(server);
}

/** What becomes of the span: kind of end and `error.type`. */
export function outcome(failure: Failure): (string | undefined)[] {
  return [failureKind(failure), failureErrorType(failure)];
}

/** A signal that is aborted soon. */
export function aborted(reason?: unknown): AbortSignal {
  const controller = new AbortController();
  setImmediate(() => controller.abort(reason));
  return controller.signal;
}
