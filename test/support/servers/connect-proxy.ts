import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import { certificate } from './certificates.js';
import { listen } from './listen.js';

/** A proxy that opens tunnels, and forwards nothing else. */
export interface ConnectProxy {
  readonly port: number;
  readonly url: string;
  /** What it was asked to connect to, in turn. */
  readonly asked: readonly string[];
}

/**
 * @param refuse The status with which it refuses, if it does.
 * @param name Whom the certificate of one that is asked over TLS is for.
 */
export async function connectProxy(
  scheme: 'http' | 'https' = 'http',
  refuse?: number,
  name: 'localhost' | 'wrong-host' = 'localhost',
): Promise<ConnectProxy> {
  const asked: string[] = [];
  const server = scheme === 'http' ? http.createServer() : https.createServer(certificate(name));
  server.on('connect', (request: http.IncomingMessage, client: net.Socket) => {
    const target = request.url ?? '';
    asked.push(target);
    client.on('error', () => client.destroy());
    if (refuse === undefined) {
      tunnel(client, target);
    } else {
      client.end(`HTTP/1.1 ${refuse} No\r\nContent-Length: 0\r\n\r\n`);
    }
  });
  const port = await listen(server);
  return { port, url: `${scheme}://127.0.0.1:${port}`, asked };
}

function tunnel(client: net.Socket, target: string): void {
  const colon = target.lastIndexOf(':');
  const upstream = net.connect(Number(target.slice(colon + 1)), target.slice(0, colon), () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    client.pipe(upstream).pipe(client);
  });
  upstream.on('error', () => client.destroy());
  client.on('close', () => upstream.destroy());
}
