import type { Writable } from 'node:stream';
import type { Stop } from '../request-trace.js';

/** Where a stream notes that a writer waits for it to be empty. */
interface WritableState {
  needDrain: boolean;
}

/**
 * Tells when a connection has handed all that is in its buffer to the operating system.
 *
 * @returns Stops that; `undefined` if its buffer is empty now.
 */
export function onceEmpty(connection: Writable, empty: () => void): Stop | undefined {
  if (!(connection.writableLength > 0)) {
    return undefined;
  }
  if (!connection.writableNeedDrain) {
    // Node tells by itself when it is empty only if so much is in it that writers have to wait.
    askForDrain(connection);
  }
  return once(connection, 'drain', empty);
}

/**
 * Tells when a stream of HTTP/2 has handed over its last byte.
 *
 * @returns Stops that; `undefined` if it has done so, or never will.
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
