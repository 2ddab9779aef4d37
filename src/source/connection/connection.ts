import type { Socket } from 'node:net';
import { now } from '../../clock.js';
import type { GotConnInfo } from '../../httptrace/client-trace.js';
import type { Origin } from '../../origin.js';
import { QuietListeners } from '../../patch/quiet-listeners.js';
import { type ConnEnds, endsOf } from './ends.js';

/** Told what becomes of each connection, from when it is established until it is closed or handed over. */
export interface ConnectionWatcher {
  /** It is there, and idle. @param origin That it was dialled for. */
  established(connection: Connection, origin: Origin): void;
  /** It carries a request, and carried none. */
  becameActive(connection: Connection): void;
  /** It carries no request any more. */
  becameIdle(connection: Connection): void;
  /** Its first request shows that it is of a kind that is not counted: as if it had never been there. */
  miscounted(connection: Connection): void;
  /** It is no connection of a pool any more. Called once. */
  gone(connection: Connection, lifetimeMs: number, wasActive: boolean): void;
}

/** Says who watches a connection that was just established for this origin, if anybody does: see `watchBy`. */
export type WatchConnection = (connection: Connection, origin: Origin, hearsOfClose?: boolean) => void;

/** What a socket has carried, and since when it has nothing to do. */
export class Connection {
  readonly socket: Socket;
  private carried: number;
  /** When it was connected, or when its last request was done; unknown for a connection older than we are. */
  private idleSince: number;
  private inFlight = 0;
  private readonly establishedAt = now();
  private watcher: ConnectionWatcher | undefined = undefined;
  private listeners: QuietListeners | undefined = undefined;
  private knownEnds: ConnEnds | undefined = undefined;

  private constructor(socket: Socket, carried: number, idleSince: number) {
    this.socket = socket;
    this.carried = carried;
    this.idleSince = idleSince;
  }

  static established(socket: Socket): Connection {
    return new Connection(socket, 0, now());
  }

  /** A connection that was there before we listened: since when it is idle is lost. */
  static older(socket: Socket, isIdle: boolean, carriedAny = true): Connection {
    return new Connection(
      socket,
      carriedAny ? 1 : 0,
      isIdle ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
    );
  }

  /**
   * Tells `watcher` of all that follows.
   *
   * @param hearsOfClose Whether somebody calls `leavePool` when its socket is closed: two listeners and what they need
   * are more than half of what an idle connection keeps.
   */
  watchBy(watcher: ConnectionWatcher, origin: Origin, hearsOfClose = false): void {
    this.watcher = watcher;
    watcher.established(this, origin);
    if (this.inFlight > 0) {
      watcher.becameActive(this);
    }
    if (hearsOfClose) {
      return;
    }
    this.listeners = new QuietListeners(this.socket);
    this.listeners.on('close', () => this.leavePool());
    // An agent of node:http gives up the socket of an upgrade.
    this.listeners.on('agentRemove', () => this.leavePool());
  }

  /** Its first request, which it has yet to take, is of a kind that is not recorded. */
  unwatch(): void {
    if (this.carried === 0) {
      this.watcher?.miscounted(this);
      this.watcher = undefined;
      this.listeners?.removeAll();
    }
  }

  get isWatched(): boolean {
    return this.watcher !== undefined;
  }

  /** It was closed, or handed over to another protocol. */
  leavePool(): void {
    this.watcher?.gone(this, now() - this.establishedAt, this.inFlight > 0);
    this.watcher = undefined;
    this.listeners?.removeAll();
  }

  /** The same for each request that it carries. */
  get ends(): ConnEnds {
    this.knownEnds ??= endsOf(this.socket);
    return this.knownEnds;
  }

  /** How many requests are on it. */
  get underWay(): number {
    return this.inFlight;
  }

  /**
   * It carried requests that we did not see: since when it has nothing to do is lost.
   *
   * @param isBusy Whether it carries one still.
   */
  missed(isBusy: boolean): void {
    this.carried = Math.max(this.carried, 1);
    if (this.inFlight === 0) {
      this.idleSince = isBusy ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    }
  }

  /** A request begins on this connection; for each of them `release` must follow once. */
  take(wantedAt: number): GotConnInfo {
    const wasIdle = this.inFlight === 0 && this.idleSince <= wantedAt;
    const info: GotConnInfo = {
      conn: this.socket,
      reused: this.carried > 0,
      wasIdle,
      idleTime: 0,
    };
    if (wasIdle) {
      info.idleTime = this.idleSince === Number.NEGATIVE_INFINITY ? Number.NaN : now() - this.idleSince;
    }
    this.carried++;
    this.inFlight++;
    if (this.inFlight === 1) {
      this.watcher?.becameActive(this);
    }
    return info;
  }

  /** A request is done with this connection, whichever way. */
  release(): void {
    this.inFlight--;
    if (this.inFlight === 0) {
      this.idleSince = now();
      this.watcher?.becameIdle(this);
    }
  }
}
