import { AsyncLocalStorage } from 'node:async_hooks';
import type { Want } from './exchange.js';

/**
 * The async context in which an agent dials that was asked for a connection and has returned.
 *
 * It is followed only while a request waits for such an agent: before Node 24 the whole program pays for that, with
 * hooks on each promise and each callback, some 6,000 instructions for a request.
 */
export class DialScope {
  private readonly storage = new AsyncLocalStorage<Want | undefined>();
  /** How many requests wait. */
  private waiting = 0;

  /** Whose dial is what is done now. */
  get want(): Want | undefined {
    return this.storage.getStore();
  }

  /** @returns What `leave` must be given. */
  enter(want: Want): Want | undefined {
    const outer = this.want;
    if (want.exchange !== undefined && want.follower === undefined) {
      want.follower = this;
      this.waiting++;
    }
    this.storage.enterWith(want);
    return outer;
  }

  leave(outer: Want | undefined): void {
    this.storage.enterWith(outer);
    this.disableIfUnused();
  }

  /** A request waits no longer. */
  wantEnded(): void {
    this.waiting--;
    this.disableIfUnused();
  }

  private disableIfUnused(): void {
    if (this.waiting === 0) {
      this.storage.disable();
    }
  }
}
