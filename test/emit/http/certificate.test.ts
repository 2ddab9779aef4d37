import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import tls, { type PeerCertificate } from 'node:tls';
import type { Attributes } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { addServerCertificate, SERVER_CERTIFICATE_ATTRIBUTES } from '../../../src/emit/http/certificate.js';
import { certificate, tlsServer } from './loopback.js';

async function received(): Promise<PeerCertificate> {
  const socket = tls.connect({
    port: await tlsServer('localhost'),
    host: '127.0.0.1',
    servername: 'localhost',
    ca: certificate('ca.pem'),
  });
  await once(socket, 'secureConnect');
  const peerCertificate = socket.getPeerCertificate();
  socket.destroy();
  return peerCertificate;
}

function added(peer: PeerCertificate, wanted: readonly string[]): Attributes {
  const attributes: Attributes = {};
  addServerCertificate(attributes, peer, new Set(wanted));
  return attributes;
}

describe('addServerCertificate', () => {
  it('has an attribute for each part', () => {
    expect(SERVER_CERTIFICATE_ATTRIBUTES).toEqual([
      'tls.server.subject',
      'tls.server.issuer',
      'tls.server.not_before',
      'tls.server.not_after',
      'tls.server.hash.sha256',
    ]);
  });

  it('tells all that is wanted of a certificate that a server sent', async () => {
    const { raw, validFrom, validTo } = new X509Certificate(certificate('localhost.pem'));
    expect(added(await received(), SERVER_CERTIFICATE_ATTRIBUTES)).toEqual({
      'tls.server.subject': 'CN=localhost',
      'tls.server.issuer': 'CN=httptrace test CA',
      'tls.server.not_before': new Date(validFrom).toISOString(),
      'tls.server.not_after': new Date(validTo).toISOString(),
      'tls.server.hash.sha256': createHash('sha256').update(raw).digest('hex').toUpperCase(),
    });
  });

  it('writes times as ISO 8601 does', () => {
    const peer = { valid_from: 'Jan  2 03:04:05 2026 GMT' } as PeerCertificate;
    expect(added(peer, ['tls.server.not_before'])).toEqual({
      'tls.server.not_before': '2026-01-02T03:04:05.000Z',
    });
  });

  it('writes names as RFC 4514 does', () => {
    // Node.js gives a list where a part occurs more than once, which its types do not know.
    const subject = { C: 'US', O: 'Acme, Inc.', OU: ['A+B', 'C'], CN: 'a.io' } as unknown;
    const peer = { subject } as PeerCertificate;
    expect(added(peer, ['tls.server.subject'])).toEqual({
      'tls.server.subject': 'CN=a.io, OU=C, OU=A\\+B, O=Acme\\, Inc., C=US',
    });
  });

  it('leaves out what a certificate lacks', () => {
    expect(added({} as PeerCertificate, SERVER_CERTIFICATE_ATTRIBUTES)).toEqual({});
    const nonsense = { valid_from: 'nonsense', subject: {} } as PeerCertificate;
    expect(added(nonsense, SERVER_CERTIFICATE_ATTRIBUTES)).toEqual({});
  });

  it('tells nothing that is not wanted', async () => {
    expect(added(await received(), ['tls.cipher'])).toEqual({});
    expect(Object.keys(added(await received(), ['tls.server.issuer', 'http.route']))).toEqual([
      'tls.server.issuer',
    ]);
  });
});
