import type { Stop } from './request-trace.js';

/**
 * Keeps a source listening for as long as it is needed: from `start` until after `stop` the last request that is
 * under way has ended.
 */
export class Lifecycle {
  private readonly open: () => Stop[];
  private stops: Stop[] = [];
  private wanted = false;
  private underWay = 0;

  /** @param open Begins to listen. */
  constructor(open: () => Stop[]) {
    this.open = open;
  }

  start(): void {
    this.wanted = true;
    if (this.stops.length === 0) {
      this.stops = this.open();
    }
  }

  stop(): void {
    this.wanted = false;
    if (this.underWay === 0) {
      this.close();
    }
  }

  requestBegan(): void {
    this.underWay++;
  }

  requestEnded(): void {
    this.underWay--;
    if (this.underWay === 0 && !this.wanted) {
      this.close();
    }
  }

  private close(): void {
    for (const stop of this.stops.splice(0)) {
      stop();
    }
  }
}
