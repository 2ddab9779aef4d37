import { once } from 'node:events';
import net, { type AddressInfo, Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { endsOf, noteHttp2, noteUnixPath } from '../../../src/source/connection/ends.js';
import { listening } from '../../emit/http/loopback.js';

/** Both ends of a new connection to this server. */
async function connected(
  server: net.Server,
  to: net.NetConnectOpts,
): Promise<[client: Socket, peer: Socket]> {
  const accepted = once(server, 'connection');
  const client = net.connect(to);
  const [[peer]] = (await Promise.all([accepted, once(client, 'connect')])) as [[Socket], unknown];
  onTestFinished(() => {
    client.destroy();
    peer.destroy();
  });
  return [client, peer];
}

/** A server that listens there. */
async function listeningAt(...at: [port: number, host: string] | [path: string]): Promise<net.Server> {
  const server = net.createServer();
  server.listen(...(at as [string]));
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  return server;
}

describe('the ends of a connection', () => {
  it('are the addresses and ports of both sides', async () => {
    const server = net.createServer();
    const port = await listening(server);
    const [client, peer] = await connected(server, { port, host: '127.0.0.1' });

    expect(endsOf(client)).toEqual({
      network: 'tcp',
      peerAddress: '127.0.0.1',
      peerPort: port,
      localAddress: '127.0.0.1',
      localPort: client.localPort,
      httpVersion: '1.1',
    });
    expect(endsOf(peer)).toMatchObject({ peerAddress: '127.0.0.1', peerPort: client.localPort });
  });

  it('lack the prefix of an IPv4 address from a server that listens on both families', async () => {
    const server = await listeningAt(0, '::');
    const { port } = server.address() as AddressInfo;
    const [, peer] = await connected(server, { port, host: '127.0.0.1' });

    expect(peer.remoteAddress).toBe('::ffff:127.0.0.1');
    expect(endsOf(peer)).toMatchObject({ peerAddress: '127.0.0.1', localAddress: '127.0.0.1' });
  });

  it('are the path of a unix socket, and no port', async () => {
    const socketPath = path.join(os.tmpdir(), `httptrace-ends-${process.pid}.sock`);
    const [client] = await connected(await listeningAt(socketPath), { path: socketPath });
    noteUnixPath(client, socketPath);

    expect(endsOf(client)).toEqual({
      network: 'unix',
      peerAddress: socketPath,
      peerPort: undefined,
      localAddress: undefined,
      localPort: undefined,
      httpVersion: '1.1',
    });
  });

  it('are unknown of a socket that is not connected', () => {
    expect(endsOf(new Socket())).toEqual({
      network: 'tcp',
      peerAddress: undefined,
      peerPort: undefined,
      localAddress: undefined,
      localPort: undefined,
      httpVersion: '1.1',
    });
  });
});

describe('what is spoken on a connection', () => {
  it.each([
    ['h2', '2'],
    ['http/1.1', '1.1'],
    [false, '1.1'],
    [null, '1.1'],
    [undefined, '1.1'],
  ] as const)('with the ALPN protocol %s is %s', (alpnProtocol, httpVersion) => {
    expect(endsOf(Object.assign(new Socket(), { alpnProtocol })).httpVersion).toBe(httpVersion);
  });

  it('is HTTP/2 where that was noted, for in clear there is nothing to agree on', () => {
    const socket = new Socket();
    noteHttp2(socket);

    expect(endsOf(socket).httpVersion).toBe('2');
  });
});
