import type { ServerHttp2Stream } from 'node:http2';
import { type Connection, type Handle, handedOverBy, whenHandleGoes } from './connection.js';

/** A full frame of DATA, and the body in it. */
const FRAME_BYTES = 16_393;
const FRAME_BODY_BYTES = 16_384;

/**
 * How much of a body a connection of HTTP/2 has handed to the operating system since a moment. Node tells of a stream
 * only which writes are done; a large one is sent bit by bit, as the peer takes it.
 */
export class SessionBytes {
  private readonly stream: ServerHttp2Stream;
  private readonly session: NonNullable<ServerHttp2Stream['session']>;
  private readonly handle: Handle;
  private readonly handedBefore: number;
  /** Forgets about the connection. */
  readonly stop: () => void;
  /** What was sent when the connection went. */
  private last: number | undefined = undefined;

  private constructor(stream: ServerHttp2Stream, session: SessionBytes['session'], handle: Handle) {
    this.stream = stream;
    this.session = session;
    this.handle = handle;
    this.handedBefore = handedOverBy(handle) ?? 0;
    this.stop = whenHandleGoes(handle, () => {
      this.last = this.now();
    });
  }

  /** @returns `undefined` if nothing tells how much the connection sends. */
  static since(stream: ServerHttp2Stream): SessionBytes | undefined {
    const { session } = stream;
    const handle = session && !session.destroyed && (session.socket as Connection)._handle;
    return handle ? new SessionBytes(stream, session, handle) : undefined;
  }

  /** @returns 0 if another stream may have had a part in it: then nobody knows. */
  sent(): number {
    return this.last ?? this.now();
  }

  private now(): number {
    const handed = handedOverBy(this.handle);
    if (handed === undefined || this.session.state.lastProcStreamID !== this.stream.id) {
      return 0;
    }
    return Math.floor(((handed - this.handedBefore) * FRAME_BODY_BYTES) / FRAME_BYTES);
  }
}
