import type { Socket } from 'node:net';
import type { Dispatches } from './dispatch.js';
import { type Exchange, Followed } from './exchange.js';
import { queuedBehind } from './queue.js';

/** What is passed to its `then` runs when nothing of what runs now is on the stack any more. */
const STACK_EMPTY = Promise.resolve();

/**
 * Whose dial is it?
 *
 * undici names no request when it dials, but it dials on the stack of the call that needs it. The dial belongs to the
 * request that was made last on that stack. A client also dials by itself when its socket is closed and requests are
 * queued: that dial belongs to the head of the queue. Every other dial is nobody's.
 */
export class Dialling {
  private readonly dispatches: Dispatches;
  private closing: Socket | undefined;

  constructor(dispatches: Dispatches) {
    this.dispatches = dispatches;
  }

  /** A connection is being closed. Must be called before undici hears of it, and dials again for what is queued. */
  onClose(socket: Socket): void {
    this.closing = socket;
    STACK_EMPTY.then(() => {
      this.closing = undefined;
    });
  }

  onBeforeConnect(): void {
    const owner = this.ownerOfDial();
    const isTold = owner?.trace !== undefined || owner?.tunnelFor !== undefined;
    this.dispatches.dialBegan(isTold ? (owner.tunnelFor ?? owner) : undefined);
  }

  /**
   * The connector is done, or has failed. What is dialled from now on belongs to another request, even if the same
   * client dials again at once.
   */
  onConnectorDone(): void {
    this.dispatches.forget();
  }

  private ownerOfDial(): Exchange | undefined {
    const { closing } = this;
    const made = this.dispatches.madeOnStack;
    const [head, ...behind] = closing === undefined ? [] : queuedBehind(closing);
    if (made?.unsent && !behind.includes(made.request)) {
      return made;
    }
    const exchange = head === undefined ? undefined : Followed.by(head);
    return exchange?.settled === false ? exchange : undefined;
  }
}
