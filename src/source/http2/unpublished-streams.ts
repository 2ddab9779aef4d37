import type { ClientHttp2Stream } from 'node:http2';
import { watchMethod } from '../../patch/watch-method.js';
import type { ChannelMessages, WrittenChunk } from '../channels.js';
import type { Report, Stop } from '../request-trace.js';
import { guarded } from '../subscribe.js';

// All of this goes when Node 20 does, and the releases of 22 and 24 before these.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Whether this Node publishes what the streams of its clients send. */
export const PUBLISHES_STREAMS = major > 24 || (major === 24 && minor >= 12) || (major === 22 && minor >= 23);

/**
 * Tells what newer releases publish on `http2.client.stream.*`, where Node does it.
 *
 * @param prototype That of all streams of clients.
 */
export function observeStreams(prototype: object, handlers: StreamHandlers, report: Report): Stop[] {
  const start = guarded('http2.client.stream.start', handlers['http2.client.stream.start'], report);
  const bodyChunkSent = guarded(
    'http2.client.stream.bodyChunkSent',
    handlers['http2.client.stream.bodyChunkSent'],
    report,
  );
  const bodySent = guarded('http2.client.stream.bodySent', handlers['http2.client.stream.bodySent'], report);
  return [
    // A stream is corked until it is open.
    whenOpen(prototype, 'uncork', start),
    afterWriting(prototype, '_write', ({ stream, args: [data, encoding] }) =>
      bodyChunkSent({ stream, writev: false, data, encoding: String(encoding) }),
    ),
    afterWriting(prototype, '_writev', ({ stream, args: [data] }) =>
      bodyChunkSent({ stream, writev: true, data: data as WrittenChunk[], encoding: '' }),
    ),
    whenOpen(prototype, '_final', bodySent),
  ];
}

/** Told what older releases do not publish. */
export type StreamHandlers = {
  readonly [Name in 'start' | 'bodyChunkSent' | 'bodySent' as `http2.client.stream.${Name}`]: (
    message: ChannelMessages[`http2.client.stream.${Name}`],
  ) => void;
};

/** Tells each call on a stream that is open; one on a stream that waits for its session is made again then. */
function whenOpen(
  prototype: object,
  name: string,
  tell: (message: { stream: ClientHttp2Stream }) => void,
): Stop {
  return watchMethod(
    prototype,
    name,
    (stream: ClientHttp2Stream) => stream,
    (stream) => {
      if (!stream.pending) {
        tell({ stream });
      }
    },
  );
}

interface Writing {
  readonly stream: ClientHttp2Stream;
  readonly args: readonly unknown[];
}

function afterWriting(prototype: object, name: string, tell: (writing: Writing) => void): Stop {
  return watchMethod(prototype, name, (stream: ClientHttp2Stream, args): Writing => ({ stream, args }), tell);
}
