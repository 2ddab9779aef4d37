import type { ClientHttp2Stream } from 'node:http2';
import type { Stop } from '../../patch/descriptor.js';
import type { Method } from '../../patch/method.js';
import { overlayPrototype } from '../../patch/overlay.js';
import type { WrittenChunk } from '../channels.js';

// All of this goes when Node 20 does, and the releases of 22 and 24 before these.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Whether this Node publishes what the streams of its clients send. */
export const PUBLISHES_STREAMS = major > 24 || (major === 24 && minor >= 12) || (major === 22 && minor >= 23);

/** Told what newer releases publish on `http2.client.stream.*`, at the same point. Its methods must not throw. */
export interface SendingWatcher {
  /** The stream is open. It was corked before. */
  afterOpening(stream: ClientHttp2Stream): void;
  afterWriting(stream: ClientHttp2Stream, chunk: unknown, encoding: unknown): void;
  afterWritingAll(stream: ClientHttp2Stream, chunks: readonly WrittenChunk[]): void;
  afterEnding(stream: ClientHttp2Stream): void;
}

interface SendingMethods {
  readonly uncork: Method;
  readonly _write: Method;
  readonly _writev: Method;
  readonly _final: Method;
}

/**
 * Looks on at what streams send. `uncork` and `_final` of a stream that waits for its session are not told, for Node calls
 * them again when it is open. Each method is written out: see `watched-methods.ts`.
 *
 * @param prototype That of all streams of clients.
 */
export function watchSending(prototype: object, watcher: SendingWatcher): Stop {
  let active = true;
  const putBack = overlayPrototype<SendingMethods>(prototype, {
    uncork: (own, parent) =>
      function uncork(this: ClientHttp2Stream, ...args: unknown[]): unknown {
        try {
          return Reflect.apply(own ?? parent.uncork, this, args);
        } finally {
          if (active && !this.pending) {
            watcher.afterOpening(this);
          }
        }
      },
    _write: (own, parent) =>
      function _write(this: ClientHttp2Stream, ...args: unknown[]): unknown {
        try {
          return Reflect.apply(own ?? parent._write, this, args);
        } finally {
          if (active) {
            watcher.afterWriting(this, args[0], args[1]);
          }
        }
      },
    _writev: (own, parent) =>
      function _writev(this: ClientHttp2Stream, ...args: unknown[]): unknown {
        try {
          return Reflect.apply(own ?? parent._writev, this, args);
        } finally {
          if (active) {
            watcher.afterWritingAll(this, args[0] as readonly WrittenChunk[]);
          }
        }
      },
    _final: (own, parent) =>
      function _final(this: ClientHttp2Stream, ...args: unknown[]): unknown {
        try {
          return Reflect.apply(own ?? parent._final, this, args);
        } finally {
          if (active && !this.pending) {
            watcher.afterEnding(this);
          }
        }
      },
  });
  return () => {
    active = false;
    putBack();
  };
}
