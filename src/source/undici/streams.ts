import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { layOverObject } from '../../patch/descriptor.js';
import { fieldOf } from './queue.js';

type OpenStream = (this: object, fields: OutgoingHttpHeaders, ...rest: unknown[]) => ClientHttp2Stream;

/** Told of a stream right after it is opened, and with which fields. Must not throw. */
export type StreamOpened = (socket: Socket, stream: OpenedStream) => void;

export interface OpenedStream {
  readonly stream: ClientHttp2Stream;
  readonly fields: OutgoingHttpHeaders;
}

/**
 * Sees each stream that undici opens on this connection, if it speaks HTTP/2. No channel tells of the streams of a
 * WebSocket and of a CONNECT, nor of any stream of undici 6.
 */
export function watchStreams(socket: Socket, opened: StreamOpened): void {
  const session = fieldOf(socket, 'http2Session');
  const below: OpenStream | undefined = Object(session).request;
  if (typeof session !== 'object' || session === null || typeof below !== 'function') {
    return;
  }
  const request: OpenStream = function request(fields, ...rest) {
    const stream = below.call(this, fields, ...rest);
    opened(socket, { stream, fields });
    return stream;
  };
  layOverObject(session, 'request', request);
}
