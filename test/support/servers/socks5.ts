import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { listen } from './listen.js';

/** A SOCKS5 proxy (RFC 1928) that asks for no password. */
export interface Socks5Proxy {
  readonly port: number;
  /** What it was asked to connect to, `host:port` each. */
  readonly asked: readonly string[];
}

const VERSION = 5;
const NO_PASSWORD = 0;
const CONNECT = 1;
const SUCCEEDED = 0;
const NOT_ALLOWED = 2;
const IPV4 = 1;
const NAME = 3;

/** @param answer With which it answers each wish for a connection. */
export async function socks5Proxy(answer = SUCCEEDED): Promise<Socks5Proxy> {
  const asked: string[] = [];
  const server = createServer((client) => {
    client.on('error', () => client.destroy());
    serve(client, asked, answer).catch(() => client.destroy());
  });
  return { port: await listen(server), asked };
}

export const refusingSocks5Proxy = () => socks5Proxy(NOT_ALLOWED);

async function serve(client: Socket, asked: string[], answer: number): Promise<void> {
  const [, methods = 0] = await read(client, 2);
  await read(client, methods);
  client.write(Uint8Array.of(VERSION, NO_PASSWORD));
  const [, , , kind] = await read(client, 4);
  const host = await hostOf(client, kind);
  const port = (await read(client, 2)).readUInt16BE();
  asked.push(`${host}:${port}`);
  const reply = Uint8Array.of(VERSION, answer, 0, IPV4, 127, 0, 0, 1, 0, 0);
  if (answer !== SUCCEEDED) {
    client.end(reply);
    return;
  }
  const target = connect(port, '127.0.0.1', () => {
    client.write(reply);
    client.pipe(target).pipe(client);
  });
  target.on('error', () => client.destroy());
  client.on('close', () => target.destroy());
}

async function hostOf(client: Socket, kind: number | undefined): Promise<string> {
  if (kind === NAME) {
    const [length = 0] = await read(client, 1);
    return (await read(client, length)).toString();
  }
  return (await read(client, 4)).join('.');
}

/** Connects through a proxy. */
export async function connectBySocks5(proxyPort: number, host: string, port: number): Promise<Socket> {
  return agree(connect(proxyPort, '127.0.0.1'), host, port);
}

/** Asks the proxy behind a socket, which may not be connected yet, for a connection. */
async function agree(socket: Socket, host: string, port: number): Promise<Socket> {
  await once(socket, 'connect');
  socket.write(Uint8Array.of(VERSION, 1, NO_PASSWORD));
  await read(socket, 2);
  const target = Buffer.alloc(2);
  target.writeUInt16BE(port);
  socket.write(
    Buffer.concat([Uint8Array.of(VERSION, CONNECT, 0, NAME, host.length), Buffer.from(host), target]),
  );
  const [, answer] = await read(socket, 10);
  if (answer !== SUCCEEDED) {
    socket.destroy();
    throw new Error(`SOCKS5 answered ${answer}`);
  }
  return socket;
}

/** The next bytes, and none of what follows them. */
async function read(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const chunk: Buffer | null = socket.read(length);
    if (chunk !== null) {
      return chunk;
    }
    if (socket.readableEnded || socket.destroyed) {
      throw new Error('SOCKS5: the other side has gone');
    }
    await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
  }
}
