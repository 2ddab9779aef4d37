import type { ServerHttp2Stream } from 'node:http2';
import { setImmediate } from 'node:timers';
import { byteLengthOf } from './byte-length.js';
import type { ResponseObserver } from './response-observer.js';

interface Patched {
  respond: unknown;
  write: unknown;
  end: unknown;
}

const NO_ERROR = 0;

/** Follows one HTTP/2 stream, whether it is answered through the compatibility API or by its own methods. */
class Http2Follower {
  private readonly stream: ServerHttp2Stream;
  private readonly observer: ResponseObserver;
  private headSeen = false;
  private hasResponded = false;

  constructor(stream: ServerHttp2Stream, observer: ResponseObserver) {
    this.stream = stream;
    this.observer = observer;
  }

  lookAtHead(): void {
    if (this.headSeen || !this.stream.headersSent) {
      return;
    }
    this.headSeen = true;
    this.observer.wroteHead(Number(this.stream.sentHeaders[':status']));
  }

  responded(): void {
    this.hasResponded = true;
    this.lookAtHead();
  }

  /** After an early end (HEAD, 204, 304, a reset) Node takes no more. */
  takesBody(): boolean {
    return !this.stream.writableEnded && !this.stream.destroyed;
  }

  took(chunk: unknown, encoding: unknown): void {
    this.lookAtHead();
    const bytes = byteLengthOf(chunk, encoding);
    if (bytes > 0) {
      this.observer.wroteBody(bytes);
    }
  }

  closed(): void {
    if (this.headSeen && !this.hasResponded) {
      this.tookFile();
    }
    this.observer.closed();
  }

  /** A file is sent natively, and the stream shows nothing of it; a head without `respond` has no length else. */
  private tookFile(): void {
    const { rstCode, sentHeaders } = this.stream;
    const bytes = Number(sentHeaders['content-length'] ?? 0);
    if (rstCode === NO_ERROR && bytes > 0) {
      this.observer.wroteBody(bytes);
    }
  }
}

/**
 * Puts three methods of its own on the stream, below everything that may be patched on a response of the
 * compatibility API, and hands on everything as it came.
 */
export function observeHttp2(stream: ServerHttp2Stream, observer: ResponseObserver): void {
  const follower = new Http2Follower(stream, observer);
  const patched: Patched = stream;
  const { respond, write, end } = stream;
  patched.respond = function (this: ServerHttp2Stream, ...args: unknown[]): void {
    Reflect.apply(respond, this, args);
    follower.responded();
  };
  patched.write = function (this: ServerHttp2Stream, ...args: unknown[]): boolean {
    const takesBody = follower.takesBody();
    const more: boolean = Reflect.apply(write, this, args);
    if (takesBody) {
      follower.took(args[0], args[1]);
    }
    return more;
  };
  patched.end = function (this: ServerHttp2Stream, ...args: unknown[]): unknown {
    const takesBody = follower.takesBody();
    const result: unknown = Reflect.apply(end, this, args);
    if (takesBody) {
      follower.took(args[0], args[1]);
    }
    return result;
  };
  if (stream.headersSent) {
    follower.responded();
  }
  if (stream.destroyed) {
    setImmediate(() => follower.closed());
  } else {
    stream.once('close', () => follower.closed());
  }
}
