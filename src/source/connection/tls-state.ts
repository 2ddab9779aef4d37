import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { TLSConnectionState } from '../../httptrace/client-trace.js';

const NOTHING_AGREED: TLSConnectionState = {
  version: '',
  cipherSuite: '',
  negotiatedProtocol: '',
  serverName: '',
  didResume: false,
  authorized: false,
};

/** The parts of OpenSSL's side of a TLS socket that its types leave out. */
interface SecureHandle {
  readonly ssl?: { verifyError?(): unknown } | null;
}

export function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket && socket.encrypted === true;
}

/** What a TLS socket whose handshake is done has agreed on with its peer. */
export function tlsState(socket: TLSSocket): TLSConnectionState {
  const cipher: { standardName?: string } | undefined = socket.getCipher();
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
  addCertificate(state, socket);
  return state;
}

/**
 * Reading a certificate costs more than all the rest of a handshake does, so it is read when somebody looks at it. That
 * of a peer which is not trusted is read now, for its connection is gone when the failure is told.
 */
function addCertificate(state: TLSConnectionState, socket: TLSSocket & SecureHandle): void {
  let certificate = socket.ssl?.verifyError?.() ? certificateOf(socket) : undefined;
  let isRead = certificate !== undefined;
  Object.defineProperty(state, 'peerCertificate', {
    configurable: true,
    enumerable: true,
    get() {
      if (!isRead) {
        isRead = true;
        certificate = certificateOf(socket);
      }
      return certificate;
    },
  });
}

/** Node gives the certificate of a peer that is not the one it was asked for with the error; its connection is gone. */
export function addCertificateOf(
  state: TLSConnectionState,
  err: Error & { readonly cert?: PeerCertificate },
): void {
  if (err.cert !== undefined && state.peerCertificate === undefined) {
    Object.defineProperty(state, 'peerCertificate', { enumerable: true, value: err.cert });
  }
}

function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  // `null` once the socket is closed; its types leave that out.
  const certificate: PeerCertificate | null = socket.getPeerCertificate();
  return certificate !== null && Object.keys(certificate).length > 0 ? certificate : undefined;
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
