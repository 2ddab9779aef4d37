import http, { type IncomingMessage } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { onTestFinished } from 'vitest';
import type { Random } from '../../emit/http/random.js';
import { CA } from '../servers/certificates.js';
import { tunnelProxy } from '../servers/proxy-server.js';
import { http2Server, httpServer, httpsServer } from '../servers/truthful-server.js';
import { askFetch, askRequest } from './undici-apis.js';
import type { UndiciFlavour } from './undici-flavours.js';

/** What a server saw of one request. */
export interface Seen {
  readonly traceparent: string;
  readonly port: number | undefined;
}

/** One way to make a request, and to read its answer. */
export interface Way {
  readonly ask: (path: string, signal: AbortSignal) => Promise<unknown>;
  /** Whether the server sees the very connection that the request was given. */
  readonly isDirect: boolean;
}

/** What a server may do with a request, by the last part of its path. */
export const BEHAVIOURS = ['ok', 'ok', 'ok', 'ok', 'slow', 'slow', 'reset', 'cut'] as const;

export interface StormServers {
  readonly plain: string;
  readonly secure: string;
  readonly second: string;
  readonly proxy: string;
  /** The requests for a path that came, in their order. */
  seenOf(path: string): readonly Seen[];
}

/** A server of each kind, and a proxy. */
export async function stormServers(): Promise<StormServers> {
  const seen = new Map<string, Seen[]>();
  const answer = async (req: unknown, res: unknown) => {
    const { url: path = '', headers, socket } = req as IncomingMessage;
    const before = seen.get(path) ?? [];
    seen.set(path, [...before, { traceparent: String(headers.traceparent), port: socket.remotePort }]);
    await behave(path, req as IncomingMessage, res as Answering);
  };
  const { port } = await tunnelProxy();
  return {
    plain: (await httpServer(answer)).origin,
    secure: (await httpsServer(answer)).origin,
    second: (await http2Server(answer)).origin,
    proxy: `http://127.0.0.1:${port}`,
    seenOf: (path) => seen.get(path) ?? [],
  };
}

/** As much of a response as all servers have. */
interface Answering {
  writeHead(status: number, headers?: Record<string, number>): unknown;
  write(chunk: string): unknown;
  end(chunk?: string): unknown;
}

async function behave(path: string, { socket }: IncomingMessage, res: Answering): Promise<void> {
  await setTimeout(path.length % 5);
  if (path.endsWith('reset')) {
    socket.destroy();
  } else if (path.endsWith('cut')) {
    res.writeHead(200, { 'content-length': 10 });
    res.write('part');
    await setTimeout(1);
    socket.destroy();
  } else {
    await setTimeout(path.endsWith('slow') ? 12 : 0);
    res.end('ok');
  }
}

/** Dispatchers that have one to four connections each, and a client of node:http. */
export function stormWays(
  { installed, major, fetch, Agent, Pool }: UndiciFlavour,
  { plain, secure, second, proxy }: StormServers,
  random: Random,
): { ways: [Way, ...Way[]]; dispatchers: Dispatcher[] } {
  const connect = { ca: CA };
  const some = () => ({ connections: 1 + random.below(4), pipelining: 1 + random.below(3), connect });
  const dispatchers: Dispatcher[] = [];
  const of = (dispatcher: Dispatcher, origin: string, { isDirect = true, posts = true } = {}): Way[] => {
    dispatchers.push(dispatcher);
    const asks: Way['ask'][] = [
      (path, signal) => askFetch({ fetch }, dispatcher, origin + path, { signal }),
      (path, signal) => askRequest(dispatcher, origin + path, { signal, blocking: false }),
    ];
    if (posts) {
      asks.push((path, signal) =>
        askRequest(dispatcher, origin + path, { signal, method: 'POST', body: 'text' }),
      );
    }
    return asks.map((ask) => ({ ask, isDirect }));
  };
  const ways: [Way, ...Way[]] = [
    nodeWay(plain),
    ...of(new Pool(plain, some()), plain),
    ...of(new Pool(secure, some()), secure),
    ...of(new Agent(some()), plain),
    ...of(new Agent(some()), secure),
  ];
  // undici 6 does not survive a connection of HTTP/2 that is reset; 8, on some releases of Node, no upload that is
  // aborted on one: its memory grows without end.
  if (major !== 6) {
    ways.push(...of(new Pool(second, { ...some(), allowH2: true }), second, { posts: false }));
  }
  if (installed !== undefined) {
    const agent = new installed.ProxyAgent({ uri: proxy, requestTls: connect, connections: 2 });
    ways.push(...of(agent, secure, { isDirect: false }));
  }
  return { ways, dispatchers };
}

function nodeWay(origin: string): Way {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  onTestFinished(() => agent.destroy());
  const ask: Way['ask'] = (path, signal) =>
    new Promise((resolve, reject) => {
      http
        .get(origin + path, { agent, signal }, (res) => res.on('error', reject).on('end', resolve).resume())
        .on('error', reject);
    });
  return { ask, isDirect: true };
}
