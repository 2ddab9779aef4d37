import { once } from 'node:events';
import { createServer, type RequestListener, request, Server, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { captureMetrics, type Metrics } from '../../../src/httpsnoop/index.js';

/** A server on this machine whose responses are captured. */
export interface CaptureServer {
  readonly port: number;
  /** What `captureMetrics` returned for the first request, the second …; waits until that request is there. */
  captured(index?: number): Promise<Metrics>;
}

export type Http2Handler = (req: Http2ServerRequest, res: Http2ServerResponse) => unknown;

/** Serves HTTP/1.1 until the test is over. */
export async function captureServer(handler: RequestListener): Promise<CaptureServer> {
  const results: Promise<Metrics>[] = [];
  const server = createServer((req, res) => results.push(captureMetrics(handler, req, res)));
  return { port: await listen(server), captured: (index = 0) => arrived(server, results, index) };
}

/** Serves cleartext HTTP/2 until the test is over. */
export async function captureHttp2Server(handler: Http2Handler): Promise<CaptureServer> {
  const results: Promise<Metrics>[] = [];
  const server = createHttp2Server((req, res) => results.push(captureMetrics(handler, req, res)));
  return { port: await listen(server), captured: (index = 0) => arrived(server, results, index) };
}

async function arrived(
  server: Server | Http2Server,
  results: readonly Promise<Metrics>[],
  index: number,
): Promise<Metrics> {
  for (;;) {
    const result = results[index];
    if (result !== undefined) {
      return result;
    }
    await once(server, 'request');
  }
}

/** Listens on a free port until the test is over. */
export async function listen(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    if (server instanceof Server) {
      server.closeAllConnections();
    }
  });
  return (server.address() as AddressInfo).port;
}

/** Gives the first response of a server, unanswered, to the test. */
export async function pendingResponse(): Promise<ServerResponse> {
  const server = createServer();
  const port = await listen(server);
  const client = request({ port, host: '127.0.0.1', agent: false }, (res) => res.resume());
  client.on('error', () => client.destroy());
  client.end();
  onTestFinished(() => void client.destroy());
  const [, res] = await once(server, 'request');
  return res;
}
