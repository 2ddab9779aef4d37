import type { TLSSocket } from 'node:tls';
import type { TLSConnectionState } from '../httptrace/client-trace.js';

/** What a TLS socket has agreed on with its peer, as far as the handshake went. */
export function tlsState(socket: TLSSocket): TLSConnectionState {
  const cipher: { standardName?: string } | undefined = socket.getCipher();
  const certificate = socket.getPeerCertificate();
  const state: TLSConnectionState = {
    version: socket.getProtocol() ?? '',
    cipherSuite: cipher?.standardName ?? '',
    negotiatedProtocol: socket.alpnProtocol || '',
    // Node says `false` where no name was sent; its types leave that out.
    serverName: socket.servername || '',
    // `null` once the socket is closed; its types leave that out.
    didResume: socket.isSessionReused() === true,
    authorized: socket.authorized,
  };
  if (certificate !== null && certificate !== undefined && Object.keys(certificate).length > 0) {
    state.peerCertificate = certificate;
  }
  return state;
}

/** The curve of the key exchange, such as `X25519`; `undefined` for other kinds of it. */
export function keyExchangeCurve(socket: TLSSocket): string | undefined {
  const info = socket.getEphemeralKeyInfo();
  return info !== null && 'name' in info && typeof info.name === 'string' ? info.name : undefined;
}
