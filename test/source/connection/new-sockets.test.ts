import * as diagnosticsChannel from 'node:diagnostics_channel';
import { once } from 'node:events';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  NewSockets,
  type SocketListener,
  type SocketMade,
} from '../../../src/source/connection/new-sockets.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';

interface Told {
  readonly listener: SocketListener;
  readonly claimed: SocketMade[];
  readonly unclaimed: SocketMade[];
}

function telling(claims: boolean): Told {
  const claimed: SocketMade[] = [];
  const unclaimed: SocketMade[] = [];
  return {
    claimed,
    unclaimed,
    listener: {
      claim: (made) => {
        claimed.push(made);
        return claims;
      },
      unclaimed: (made) => unclaimed.push(made),
    },
  };
}

function newSockets(): { sockets: NewSockets; reports: string[] } {
  const reports: string[] = [];
  return { sockets: new NewSockets((message) => reports.push(message)), reports };
}

async function tlsServer(): Promise<number> {
  return listen(tls.createServer(certificate('localhost'), (socket) => socket.on('error', () => undefined)));
}

function closing<T extends net.Socket>(socket: T): T {
  onTestFinished(() => void socket.destroy());
  return socket.on('error', () => undefined);
}

describe('a new socket', () => {
  it('is told to the first who claims it, and to nobody else', () => {
    const { sockets } = newSockets();
    const told = [telling(false), telling(true), telling(true)];
    const stops = told.map(({ listener }) => sockets.listen(listener));
    const socket = closing(net.connect(1, '127.0.0.1'));
    expect(told.map(({ claimed, unclaimed }) => [claimed.map(({ socket }) => socket), unclaimed])).toEqual([
      [[socket], []],
      [[socket], []],
      [[], []],
    ]);
    for (const stop of stops) {
      stop();
    }
  });

  it('is told once, however it is made', () => {
    const { sockets } = newSockets();
    const { listener, claimed } = telling(true);
    const stop = sockets.listen(listener);
    const made = [
      closing(net.connect(1, '127.0.0.1')),
      closing(new net.Socket()).connect(1, '127.0.0.1'),
      closing(tls.connect(1, '127.0.0.1')),
    ];
    expect(claimed.map(({ socket }) => socket)).toEqual(made);
    stop();
  });

  it('that nobody claims is told to all who want to know', () => {
    const { sockets } = newSockets();
    const told = [telling(false), telling(false)];
    const stops = told.map(({ listener }) => sockets.listen(listener));
    const socket = closing(net.connect(1, '127.0.0.1'));
    expect(told.map(({ unclaimed }) => unclaimed)).toEqual([
      [{ socket, over: undefined }],
      [{ socket, over: undefined }],
    ]);
    for (const stop of stops) {
      stop();
    }
  });

  it('with TLS is told once, before it dials', async () => {
    const { sockets } = newSockets();
    const attempts: unknown[] = [];
    const stop = sockets.listen({
      claim: ({ socket }) => {
        socket.on('connectionAttempt', (address) => attempts.push(address));
        return true;
      },
    });
    const port = await tlsServer();
    const socket = closing(tls.connect({ port, host: '127.0.0.1', ca: CA, servername: 'localhost' }));
    await once(socket, 'secureConnect');
    stop();
    expect(attempts).toEqual(['127.0.0.1']);
  });

  it('with TLS over another one is told with that, when its handshake begins', async () => {
    const { sockets } = newSockets();
    const told = telling(true);
    const stop = sockets.listen(told.listener);
    const carrier = closing(net.connect(await tlsServer(), '127.0.0.1'));
    const socket = closing(tls.connect({ socket: carrier, ca: CA, servername: 'localhost' }));
    expect(told.claimed).toEqual([{ socket: carrier, over: undefined }]);
    await once(socket, 'secureConnect');
    stop();
    expect(told.claimed.slice(1)).toEqual([{ socket, over: carrier }]);
  });

  it("of a server is nobody else's", async () => {
    const { sockets } = newSockets();
    const told = telling(true);
    const port = await tlsServer();
    const stop = sockets.listen(told.listener);
    const socket = closing(tls.connect({ port, host: '127.0.0.1', ca: CA, servername: 'localhost' }));
    await once(socket, 'secureConnect');
    stop();
    expect(told.claimed.map(({ socket }) => socket)).toEqual([socket]);
  });

  it('whose listener throws is made all the same, and the failure reported once', () => {
    const { sockets, reports } = newSockets();
    const stop = sockets.listen({
      claim: () => {
        throw new Error('no claim');
      },
    });
    closing(net.connect(1, '127.0.0.1'));
    closing(net.connect(1, '127.0.0.1'));
    stop();
    expect(reports).toHaveLength(1);
  });
});

it('nobody listens any more after the last has left', () => {
  const before = Object.getOwnPropertyDescriptors(tls.TLSSocket.prototype);
  const { sockets } = newSockets();
  const first = sockets.listen(telling(true).listener);
  const second = sockets.listen(telling(true).listener);
  first();
  first();
  expect(diagnosticsChannel.hasSubscribers('net.client.socket')).toBe(true);
  second();
  expect(diagnosticsChannel.hasSubscribers('net.client.socket')).toBe(false);
  expect(Object.getOwnPropertyDescriptors(tls.TLSSocket.prototype)).toEqual(before);
});
