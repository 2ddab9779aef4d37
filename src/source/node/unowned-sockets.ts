import type { Socket } from 'node:net';
import { hiddenField } from '../../patch/hidden-field.js';
import { QuietListeners } from '../../patch/quiet-listeners.js';
import type { SocketMade } from '../connection/new-sockets.js';
import type { RequestTrace } from '../request-trace.js';
import type { NodeExchange } from './exchange.js';
import { UntoldDial } from './untold-dial.js';

/** A socket that was made since the stack was empty, and that nobody claimed. */
export class FreshSocket {
  readonly made: SocketMade;
  /** That of a unix socket, whose dial begins at once. */
  path: string | undefined = undefined;
  private readonly listeners: QuietListeners;

  constructor(made: SocketMade) {
    this.made = made;
    this.listeners = new QuietListeners(made.socket);
    this.listeners.on('connectionAttempt', (address: string, port?: number) => {
      if (port === undefined) {
        this.path = address;
      }
    });
  }

  leave(): void {
    this.listeners.removeAll();
  }
}

/** Tells a dial from now on. */
export type WatchDial = (fresh: FreshSocket, trace: RequestTrace) => void;

/**
 * Sockets of which nobody knows yet what they are for. Most are no business of ours. One that the program makes for a
 * request by `createConnection` is known to be so when the request is given it, or fails with its error.
 *
 * They are looked at until the stack is empty, and beyond that only while a request waits for what its
 * `createConnection` brings.
 */
export class UnownedSockets {
  private readonly watch: WatchDial;
  private readonly dials = hiddenField<UntoldDial>();
  private fresh: FreshSocket[] = [];
  private waiting = 0;
  /** Whether a socket was just made that may be given to a request. */
  expectsSocket = false;

  constructor(watch: WatchDial) {
    this.watch = watch;
  }

  /** A request has no agent, and no connection yet. */
  await(exchange: NodeExchange): void {
    exchange.awaitsSocket = true;
    this.waiting++;
  }

  /** It has one, or is over. */
  served(exchange: NodeExchange): void {
    if (exchange.awaitsSocket) {
      exchange.awaitsSocket = false;
      this.waiting--;
    }
  }

  made(made: SocketMade): void {
    this.fresh.push(new FreshSocket(made));
    this.expectsSocket = true;
    if (this.fresh.length === 1) {
      process.nextTick(() => this.endTurn());
    }
  }

  /** The socket, if it was made since the stack was empty. The caller knows whose it is. */
  takeFresh(socket: Socket): FreshSocket | undefined {
    const index = this.fresh.findIndex(({ made }) => made.socket === socket);
    const [fresh] = index === -1 ? [] : this.fresh.splice(index, 1);
    this.expectsSocket = this.fresh.length > 0;
    fresh?.leave();
    return fresh;
  }

  /** What is known of how a socket was made that is no fresh one any more. */
  dialOf(socket: Socket): UntoldDial | undefined {
    return this.dials.get(socket);
  }

  private endTurn(): void {
    this.expectsSocket = false;
    for (const fresh of this.fresh.splice(0)) {
      fresh.leave();
      if (this.waiting > 0) {
        const dial = new UntoldDial();
        this.dials.set(fresh.made.socket, dial);
        this.watch(fresh, dial);
      }
    }
  }
}
