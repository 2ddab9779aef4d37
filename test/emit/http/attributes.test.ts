import type { Attributes } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import {
  addDialledAddress,
  addServer,
  addTLSProtocol,
  addTLSState,
  clientStatusErrorType,
  localTransport,
  networkType,
  protocolVersion,
  serverStatusErrorType,
} from '../../../src/emit/http/attributes.js';
import type { TLSConnectionState } from '../../../src/httptrace/client-trace.js';
import { originAt } from '../../../src/origin.js';

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
