import { createServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { certificate } from './certificates.js';
import { listen } from './listen.js';

/** A proxy that opens tunnels, and counts them. */
export interface TunnelProxy {
  readonly port: number;
  /** What was asked for, `host:port` each. */
  readonly tunnels: readonly string[];
}

/** @param answer The status of its answers to CONNECT. */
export function tunnelProxy(answer = 200): Promise<TunnelProxy> {
  return serve(createServer(), answer);
}

/** Speaks TLS itself, too. */
export function tlsTunnelProxy(): Promise<TunnelProxy> {
  return serve(createHttpsServer(certificate('localhost')), 200);
}

async function serve(server: Server, answer: number): Promise<TunnelProxy> {
  const tunnels: string[] = [];
  server.on('connect', ({ url = '' }, client: Socket) => {
    tunnels.push(url);
    if (answer !== 200) {
      client.end(`HTTP/1.1 ${answer} No\r\n\r\n`);
      return;
    }
    const target = connect(Number(url.slice(url.lastIndexOf(':') + 1)), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    client.on('error', () => target.destroy());
    target.on('error', () => client.destroy());
  });
  return { port: await listen(server), tunnels };
}
