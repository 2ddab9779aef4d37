import type { ClientHttp2Stream } from 'node:http2';
import { watchMethod } from '../../patch/watch-method.js';
import type { ChannelMessages, WrittenChunk } from '../channels.js';
import type { Report, Stop } from '../request-trace.js';
import { guarded, type Handlers } from '../subscribe.js';

// All of this goes when Node 20 does, and the releases of 22 and 24 before these.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Whether this Node publishes what the streams of its clients send. */
export const PUBLISHES_STREAMS = major > 24 || (major === 24 && minor >= 12) || (major === 22 && minor >= 23);

/**
 * Tells what newer releases publish on `http2.client.stream.*`, where Node does it.
 *
 * @param prototype That of all streams of clients.
 */
export function observeStreams(prototype: object, handlers: Handlers, report: Report): Stop[] {
  const start = handlerOf('http2.client.stream.start', handlers, report);
  const bodyChunkSent = handlerOf('http2.client.stream.bodyChunkSent', handlers, report);
  const bodySent = handlerOf('http2.client.stream.bodySent', handlers, report);
  return [
    // A stream is corked until it is open.
    whenOpen(prototype, 'uncork', (stream) => start({ stream })),
    after(prototype, '_write', (stream, [data, encoding]) =>
      bodyChunkSent({ stream, writev: false, data, encoding: String(encoding) }),
    ),
    after(prototype, '_writev', (stream, [data]) =>
      bodyChunkSent({ stream, writev: true, data: data as WrittenChunk[], encoding: '' }),
    ),
    whenOpen(prototype, '_final', (stream) => bodySent({ stream })),
  ];
}

function handlerOf<Name extends keyof ChannelMessages>(
  name: Name,
  handlers: Handlers,
  report: Report,
): (message: ChannelMessages[Name]) => void {
  return guarded(name, (message) => handlers[name]?.(message), report);
}

/** Tells each call on a stream that is open; one on a stream that waits for its session is made again then. */
function whenOpen(prototype: object, name: string, tell: (stream: ClientHttp2Stream) => void): Stop {
  return after(prototype, name, (stream) => {
    if (!stream.pending) {
      tell(stream);
    }
  });
}

function after(
  prototype: object,
  name: string,
  tell: (stream: ClientHttp2Stream, args: readonly unknown[]) => void,
): Stop {
  return watchMethod(
    prototype,
    name,
    (stream: ClientHttp2Stream, args) => ({ stream, args }),
    ({ stream, args }) => tell(stream, args),
  );
}
