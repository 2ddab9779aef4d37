import type { Writable } from 'node:stream';
import type { Stop } from '../request-trace.js';

/** Where a stream says, for whoever writes to it, that somebody waits for it to be empty. */
interface WritableState {
  needDrain: boolean;
}

/**
 * Tells when a connection has handed all that is in its buffer to the operating system.
 *
 * @returns Tells it no more; `undefined` if its buffer is empty now.
 */
export function onceEmpty(connection: Writable, empty: () => void): Stop | undefined {
  if (!(connection.writableLength > 0)) {
    return undefined;
  }
  if (!connection.writableNeedDrain) {
    // Less is in it than what makes writers wait: only then Node tells by itself when it is empty.
    askForDrain(connection);
  }
  return once(connection, 'drain', empty);
}

/**
 * Tells when a stream of HTTP/2 has handed over its last byte.
 *
 * @returns Tells it no more; `undefined` if it has, or will never.
 */
export function onceFinished(stream: Writable, finished: () => void): Stop | undefined {
  return stream.writableFinished || stream.destroyed ? undefined : once(stream, 'finish', finished);
}

function askForDrain(connection: Writable & { readonly _writableState?: Partial<WritableState> }): void {
  const state = connection._writableState;
  if (state?.needDrain === false) {
    state.needDrain = true;
  }
}

function once(stream: Writable, event: 'drain' | 'finish', listener: () => void): Stop {
  stream.once(event, listener);
  return () => stream.removeListener(event, listener);
}
