import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Attributes } from '@opentelemetry/api';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  addDialledAddress,
  addNetworkLocal,
  addNetworkPeer,
  addServer,
  addTLSProtocol,
  addTLSState,
  clientStatusErrorType,
  localTransport,
  networkType,
  protocolVersion,
  protocolVersionOfAlpn,
  type SocketAddresses,
  serverStatusErrorType,
} from '../../../src/emit/http/attributes.js';
import type { TLSConnectionState } from '../../../src/httptrace/client-trace.js';
import { originAt } from '../../../src/origin.js';
import { listening } from './loopback.js';

function added(add: (attributes: Attributes) => void): Attributes {
  const attributes: Attributes = {};
  add(attributes);
  return attributes;
}

describe('addServer', () => {
  it.each([
    ['a.io', 'https', { 'server.address': 'a.io', 'server.port': 443 }],
    ['a.io', 'http', { 'server.address': 'a.io', 'server.port': 80 }],
    ['a.io:8080', 'https', { 'server.address': 'a.io', 'server.port': 8080 }],
    ['[::1]:8080', 'http', { 'server.address': '::1', 'server.port': 8080 }],
    ['a.io', 'other', { 'server.address': 'a.io' }],
    [':80', 'http', {}],
    ['', 'http', {}],
  ])('of %s over %s', (authority, scheme, expected) => {
    expect(added((attributes) => addServer(attributes, originAt(scheme, authority)))).toEqual(expected);
  });
});

describe('addNetworkPeer and addNetworkLocal', () => {
  const both = (socket: SocketAddresses, socketPath?: string): Attributes =>
    added((attributes) => {
      addNetworkPeer(attributes, socket, socketPath);
      addNetworkLocal(attributes, socket);
    });

  it('name both ends of a connection', async () => {
    const server = net.createServer();
    const accepted = once(server, 'connection');
    const port = await listening(server);
    const client = net.connect(port, '127.0.0.1');
    await once(client, 'connect');
    const [peer] = (await accepted) as [Socket];
    const { localPort } = client;

    expect(both(client)).toEqual({
      'network.peer.address': '127.0.0.1',
      'network.peer.port': port,
      'network.local.address': '127.0.0.1',
      'network.local.port': localPort,
    });
    expect(both(peer)).toMatchObject({ 'network.peer.address': '127.0.0.1', 'network.peer.port': localPort });
    client.destroy();
    peer.destroy();
  });

  it('strip the prefix of an IPv4 address from a server that listens on both families', async () => {
    const server = net.createServer().listen(0, '::');
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = net.connect(port, '127.0.0.1');
    const [peer] = (await once(server, 'connection')) as [Socket];

    expect(peer.remoteAddress).toBe('::ffff:127.0.0.1');
    expect(both(peer)).toMatchObject({
      'network.peer.address': '127.0.0.1',
      'network.local.address': '127.0.0.1',
    });
    client.destroy();
    peer.destroy();
  });

  it('know the path of a unix socket, and no port', async () => {
    const socketPath = path.join(os.tmpdir(), `httptrace-attributes-${process.pid}.sock`);
    const server = net.createServer().listen(socketPath);
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    const client = net.connect(socketPath);
    await once(client, 'connect');

    expect(both(client, socketPath)).toEqual({ 'network.peer.address': socketPath });
    client.destroy();
  });

  it('say nothing of a socket that is not connected', () => {
    expect(both(new net.Socket())).toEqual({});
  });
});

describe('addDialledAddress', () => {
  it.each([
    [
      'tcp',
      '127.0.0.1:8080',
      {
        'network.peer.address': '127.0.0.1',
        'network.peer.port': 8080,
        'network.transport': 'tcp',
        'network.type': 'ipv4',
      },
    ],
    [
      'tcp',
      '[::1]:443',
      {
        'network.peer.address': '::1',
        'network.peer.port': 443,
        'network.transport': 'tcp',
        'network.type': 'ipv6',
      },
    ],
    [
      'tcp',
      'a.io:80',
      { 'network.peer.address': 'a.io', 'network.peer.port': 80, 'network.transport': 'tcp' },
    ],
    ['tcp', '', { 'network.transport': 'tcp' }],
    ['unix', '/run/a:80.sock', { 'network.peer.address': '/run/a:80.sock', 'network.transport': 'unix' }],
    ['unix', '\\\\.\\pipe\\a', { 'network.peer.address': '\\\\.\\pipe\\a', 'network.transport': 'pipe' }],
  ] as const)('of %s %s', (network, addr, expected) => {
    expect(added((attributes) => addDialledAddress(attributes, network, addr))).toEqual(expected);
  });
});

describe('localTransport', () => {
  it.each([
    ['/run/app.sock', 'unix'],
    ['/pipe/app.sock', 'unix'],
    ['\\\\.\\pipe\\app', 'pipe'],
    ['\\\\?\\pipe\\app', 'pipe'],
    ['//./pipe/app', 'pipe'],
  ])('of %s is %s', (socketPath, transport) => {
    expect(localTransport(socketPath)).toBe(transport);
  });
});

describe('addTLSState', () => {
  const state: TLSConnectionState = {
    version: 'TLSv1.3',
    cipherSuite: 'TLS_AES_128_GCM_SHA256',
    negotiatedProtocol: 'h2',
    serverName: 'a.io',
    didResume: true,
    authorized: true,
  };

  it('tells what was agreed on', () => {
    expect(
      added((attributes) => addTLSState(attributes, state, { established: true, curve: 'X25519' })),
    ).toEqual({
      'tls.protocol.name': 'tls',
      'tls.protocol.version': '1.3',
      'tls.cipher': 'TLS_AES_128_GCM_SHA256',
      'tls.curve': 'X25519',
      'tls.next_protocol': 'h2',
      'tls.resumed': true,
      'tls.established': true,
    });
  });

  it('tells of a handshake that failed only what is known', () => {
    const failed = { ...state, version: '', cipherSuite: '', negotiatedProtocol: '', didResume: false };
    expect(added((attributes) => addTLSState(attributes, failed, { established: false }))).toEqual({
      'tls.resumed': false,
      'tls.established': false,
    });
  });

  it.each([
    ['TLSv1.2', { 'tls.protocol.name': 'tls', 'tls.protocol.version': '1.2' }],
    ['TLSv1', { 'tls.protocol.name': 'tls', 'tls.protocol.version': '1' }],
    ['SSLv3', { 'tls.protocol.name': 'ssl', 'tls.protocol.version': '3' }],
    ['unknown', {}],
    ['', {}],
  ])('splits %s', (version, expected) => {
    expect(added((attributes) => addTLSProtocol(attributes, version))).toEqual(expected);
  });
});

describe('protocolVersion', () => {
  it.each([
    ['1.0', '1.0'],
    ['1.1', '1.1'],
    ['2.0', '2'],
  ])('of %s is %s', (httpVersion, version) => {
    expect(protocolVersion(httpVersion)).toBe(version);
  });

  it.each([
    ['h2', '2'],
    ['http/1.1', '1.1'],
    [false, '1.1'],
    [null, '1.1'],
    [undefined, '1.1'],
  ] as const)('of the ALPN protocol %s is %s', (alpnProtocol, version) => {
    expect(protocolVersionOfAlpn(alpnProtocol)).toBe(version);
  });
});

describe('the error type of a status', () => {
  it.each([
    [101, undefined, undefined],
    [200, undefined, undefined],
    [399, undefined, undefined],
    [400, '400', undefined],
    [404, '404', undefined],
    [499, '499', undefined],
    [500, '500', '500'],
    [599, '599', '599'],
    [600, '600', '600'],
    [999, '999', '999'],
    [99, '99', '99'],
    [0, '0', '0'],
  ])('%i is %s for a client and %s for a server', (status, client, server) => {
    expect([clientStatusErrorType(status), serverStatusErrorType(status)]).toEqual([client, server]);
  });
});

describe('networkType', () => {
  it.each([
    ['127.0.0.1', 'ipv4'],
    ['::1', 'ipv6'],
    ['localhost', undefined],
    ['/run/app.sock', undefined],
    ['', undefined],
  ])('of %s is %s', (address, type) => {
    expect(networkType(address)).toBe(type);
  });
});
