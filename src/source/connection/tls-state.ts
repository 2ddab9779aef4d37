import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TLSConnectionState } from '../../httptrace/client-trace.js';

const NOTHING_AGREED: TLSConnectionState = {
  version: '',
  cipherSuite: '',
  negotiatedProtocol: '',
  serverName: '',
  didResume: false,
  authorized: false,
};

export function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true;
}

/** What a TLS socket whose handshake is done has agreed on with its peer. */
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

/**
 * What a TLS socket had agreed on when its handshake failed. Before both sides have agreed, OpenSSL answers with what
 * was offered, or with what belongs to the session that was to be resumed: that is known to be over when it has sent
 * its `Finished`.
 */
export function tlsStateOfFailed(socket: TLSSocket): TLSConnectionState {
  return socket.getFinished() ? tlsState(socket) : { ...NOTHING_AGREED };
}

/** The curve of the key exchange, such as `X25519`; `undefined` for other kinds of it. */
export function keyExchangeCurve(socket: TLSSocket): string | undefined {
  const info = socket.getEphemeralKeyInfo();
  return info !== null && 'name' in info && typeof info.name === 'string' ? info.name : undefined;
}
