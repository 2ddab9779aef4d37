import type { ServerResponse } from 'node:http';
import { byteLengthOf } from './byte-length.js';
import { onClosed } from './on-closed.js';
import type { ResponseObserver } from './response-observer.js';

type SendCallback = (err?: Error | null) => void;
type Send = (
  data: string | Uint8Array,
  encoding?: BufferEncoding | null,
  callback?: SendCallback | null,
  byteLength?: number,
) => boolean;

/**
 * `_send` is how every response of Node hands its body to the connection, with the head already apart; no
 * library patches it, and what is rejected, unsendable or dropped never gets there.
 */
interface Patched {
  _send?: Send;
  writeHead: unknown;
}

/** Follows one HTTP/1.1 response: what Node writes becomes the facts of a `ResponseObserver`. */
class Http1Follower {
  private readonly res: ServerResponse;
  private readonly observer: ResponseObserver;
  private headSeen = false;
  /** Bytes that the chunk under way still needs, with the two line ends that belong to it. */
  private chunkLeft = 0;

  constructor(res: ServerResponse, observer: ResponseObserver) {
    this.res = res;
    this.observer = observer;
  }

  lookAtHead(): void {
    if (this.headSeen || !this.res.headersSent) {
      return;
    }
    this.headSeen = true;
    const code = this.res.statusCode;
    if (code >= 200 || code === 101) {
      this.observer.wroteHead(code);
    }
  }

  sent(data: string | Uint8Array, encoding: unknown, byteLength: number | undefined): void {
    this.lookAtHead();
    const body = this.res.chunkedEncoding
      ? this.unchunked(data, byteLength ?? byteLengthOf(data, encoding))
      : byteLengthOf(data, encoding, byteLength);
    if (body > 0) {
      this.observer.wroteBody(body);
    }
  }

  closed(): void {
    this.lookAtHead();
    this.observer.closed();
  }

  /** A chunk is its size in hex, a line end, that many bytes, a line end; each may be sent on its own. */
  private unchunked(data: string | Uint8Array, bytes: number): number {
    if (this.chunkLeft > 0) {
      this.chunkLeft -= bytes;
      return 0;
    }
    const size = Number.parseInt(String(data), 16);
    if (Number.isNaN(size)) {
      return 0;
    }
    if (size === 0) {
      // The last chunk. Node 22 and 24 send what was still corked at the end after it: that is no body any more.
      this.chunkLeft = Number.POSITIVE_INFINITY;
      return 0;
    }
    this.chunkLeft = size.toString(16).length + 2 + size + 2 - bytes;
    return size;
  }
}

/**
 * Puts two methods of its own on the response. Both look first and hand on everything as it came, so that other
 * patches may lie below or above.
 */
export function observeHttp1(res: ServerResponse, observer: ResponseObserver): void {
  const follower = new Http1Follower(res, observer);
  const patched: Patched = res;
  const ownWriteHead = Object.hasOwn(res, 'writeHead') ? res.writeHead : undefined;
  const send = patched._send;
  patched.writeHead = function (this: ServerResponse, ...args: unknown[]): unknown {
    const writeHead = ownWriteHead ?? Object.getPrototypeOf(res).writeHead;
    const result = Reflect.apply(writeHead, this, args);
    follower.lookAtHead();
    return result;
  };
  if (send !== undefined) {
    patched._send = function (this: ServerResponse, data, encoding, callback, byteLength) {
      const taken = send.call(this, data, encoding, callback, byteLength);
      follower.sent(data, encoding, byteLength);
      return taken;
    };
  }
  follower.lookAtHead();
  onClosed(res, () => follower.closed());
}
