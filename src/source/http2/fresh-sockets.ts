import type { Socket } from 'node:net';
import { hiddenField } from '../../patch/hidden-field.js';
import { QuietListeners } from '../../patch/quiet-listeners.js';
import type { AttemptBegun } from '../connection/dial.js';
import type { SocketListener, SocketMade } from '../connection/new-sockets.js';

/** A socket that was made in this turn. */
class FreshSocket {
  attempt: AttemptBegun | undefined = undefined;
  isFresh = true;
  private readonly onAttempt = (...attempt: AttemptBegun): void => {
    this.attempt = attempt;
    // A socket may be connected before a busy program comes to its next turn.
    this.listeners.removeAll();
  };
  private readonly listeners: QuietListeners;
  private readonly leave = (): void => {
    this.isFresh = false;
    this.listeners.removeAll();
  };

  constructor(socket: Socket) {
    this.listeners = new QuietListeners(socket);
    this.listeners.on('connectionAttempt', this.onAttempt);
    setImmediate(this.leave).unref();
  }
}

/**
 * The sockets that were dialled in this turn. A program opens a session before it makes a request of it, and only the
 * request shows who is to be told of the dial.
 */
export class FreshSockets implements SocketListener {
  private readonly made = hiddenField<FreshSocket>();

  claim(): boolean {
    return false;
  }

  unclaimed({ socket, over }: SocketMade): void {
    if (over === undefined) {
      this.made.set(socket, new FreshSocket(socket));
    }
  }

  /** `undefined` for a socket of an earlier turn. */
  of(socket: Socket): { readonly attempt: AttemptBegun | undefined } | undefined {
    const fresh = this.made.get(socket);
    return fresh?.isFresh ? fresh : undefined;
  }
}
