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
    this.closeIfIdle();
  }

  requestBegan(): void {
    this.underWay++;
  }

  requestEnded(): void {
    this.underWay--;
    this.closeIfIdle();
  }

  private closeIfIdle(): void {
    if (!this.wanted && this.underWay === 0) {
      for (const stop of this.stops.splice(0)) {
        stop();
      }
    }
  }
}
