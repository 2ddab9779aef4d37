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
    // A busy program may be connected before its turn is called over.
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
 * What was dialled in this turn: the program opens a session first, and makes its first request of it then. Who is
 * to be told of the dial is known only with that.
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

  /** `undefined` for one from before. */
  of(socket: Socket): { readonly attempt: AttemptBegun | undefined } | undefined {
    const fresh = this.made.get(socket);
    return fresh?.isFresh ? fresh : undefined;
  }
}
