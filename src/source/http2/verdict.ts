import type { ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

const NGHTTP2_CANCEL = 8;

const NAMES: ReadonlyMap<number | undefined, string> = new Map([
  [0, 'NGHTTP2_NO_ERROR'],
  [NGHTTP2_CANCEL, 'NGHTTP2_CANCEL'],
]);

/** Who closed a stream; `nobody` if Node closed it because its connection was gone. */
export type Closer = 'caller' | 'server' | 'nobody';

/**
 * Why a stream ended before its response was complete; `undefined` if the program gave it up, without giving an error.
 *
 * @param closer Unknown for a stream that was destroyed.
 */
export function verdictOf(stream: ClientHttp2Stream, closer: Closer | undefined, socket: Socket): unknown {
  const { errored, rstCode } = stream;
  if (errored !== null && errored !== undefined) {
    return isPendingCancelled(errored) ? errored.cause : errored;
  }
  if (closer === 'caller') {
    return undefined;
  }
  if (closer === 'nobody' || socket.errored) {
    return socket.errored ?? lostConnection();
  }
  return closer === 'server' || rstCode === NGHTTP2_CANCEL ? resetWith(rstCode) : undefined;
}

/** If a session ends before the stream is open, Node gives this error, with the real one as its cause. */
function isPendingCancelled(error: Error & { code?: unknown }): boolean {
  return error.code === 'ERR_HTTP2_STREAM_CANCEL';
}

/** Node gives no error to a stream whose connection is closed. */
function lostConnection(): Error {
  return errorWith('ECONNRESET', 'The connection was closed before the response was complete');
}

/** Node gives no error for the codes of `NAMES`. */
function resetWith(rstCode: number | undefined): Error {
  return errorWith(
    'ERR_HTTP2_STREAM_ERROR',
    `Stream closed with error code ${NAMES.get(rstCode) ?? rstCode}`,
  );
}

export function errorWith(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Whether a stream that the program closes with this code was given up, and did not fail. */
export function isGivenUp(rstCode: number | undefined): boolean {
  return NAMES.has(rstCode);
}
