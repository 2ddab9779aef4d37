import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { certificate } from './certificates.js';
import { listen } from './listen.js';

/** What a server may do with a request, by the path that is asked for. */
const MOODS: Readonly<Record<string, (req: IncomingMessage, res: ServerResponse) => unknown>> = {
  '/ok': (_req, res) => res.end('hello'),
  '/slow': (_req, res) => setTimeout(() => res.end('hello'), 8),
  '/chunks': (_req, res) => {
    res.write('hello');
    setTimeout(() => res.end('world'), 4);
  },
  '/close': (_req, res) => res.setHeader('Connection', 'close').end('bye'),
  // A TLS socket cannot be reset.
  '/reset': ({ socket }) => ('encrypted' in socket ? socket.destroy() : socket.resetAndDestroy()),
  '/half': (_req, res) => {
    res.setHeader('Content-Length', 1000);
    res.write('half');
    setTimeout(() => res.destroy(), 3);
  },
  '/silent': () => undefined,
  '/nothing': (_req, res) => res.writeHead(204).end(),
};

export const PATHS = Object.keys(MOODS);

/** A server that answers, breaks off, resets, keeps silent, and drops connections that are idle for 20 ms. */
export async function moodyServer(
  scheme: 'http' | 'https' = 'http',
): Promise<{ port: number; origin: string }> {
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    req.resume();
    (MOODS[req.url ?? ''] ?? MOODS['/ok'])?.(req, res);
  };
  const server: Server =
    scheme === 'http' ? createServer(answer) : createSecureServer(certificate('localhost'), answer);
  server.keepAliveTimeout = 20;
  server.on('upgrade', (_req, socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  });
  const port = await listen(server);
  return { port, origin: `${scheme}://127.0.0.1:${port}` };
}
