import type { Socket } from 'node:net';
import type { UndiciRequest } from '../channels.js';
import type { Report, Stop } from '../request-trace.js';
import { guardedPair } from '../subscribe.js';
import { entrancesOf, loadedEntrances, type UndiciCopy } from './copies.js';
import { type Dispatched, Dispatches } from './dispatch.js';
import type { Exchange } from './exchange.js';
import { WaitingCalls } from './waiting.js';

export interface CallListener {
  /** A call waits for a connection, and undici has made no request of it yet. Told while its caller calls. */
  waits(exchange: Exchange, handler: object): void;
  /** It failed while it waited. */
  failed(exchange: Exchange, error: unknown): void;
  /** A call came back: all that it does at once is done. */
  cameBack(): void;
}

/** Where the requests of undici are called, in each of its copies: that is where the life of each begins. */
export class Calls {
  private readonly dispatches: Dispatches;
  private readonly waiting: WaitingCalls;
  /** What the requests inherit from, of each copy that was looked for. */
  private readonly lookedFor = new WeakSet<object>();

  constructor(listener: CallListener, report: Report) {
    this.waiting = new WaitingCalls(
      guardedPair('the failure of a call', listener.failed.bind(listener), report),
    );
    this.dispatches = new Dispatches({
      withoutRequest: guardedPair(
        'a call',
        (dispatcher: object, { options, handler }: Dispatched) => {
          const exchange = this.waiting.add(dispatcher, options);
          if (exchange !== undefined) {
            listener.waits(exchange, handler);
          }
        },
        report,
      ),
      cameBack: () => listener.cameBack(),
    });
  }

  watch(): Stop {
    this.look();
    return () => this.dispatches.takeOff();
  }

  /**
   * undici makes a request.
   *
   * @returns The handler with which it was called; `undefined` if its caller is not on the stack, as far as is known.
   */
  made(request: UndiciRequest): object | undefined {
    if (this.dispatches.requestMade()) {
      return this.dispatches.handler;
    }
    this.lookFor(request);
    return undefined;
  }

  /** What began with the call that a request is made of now, if that had to wait. */
  waited(handler: object): Exchange | undefined {
    return this.waiting.take(handler, this.dispatches.options);
  }

  /** Each copy of undici that is loaded, as far as it shows. */
  get copies(): UndiciCopy[] {
    const copies = new Map<object, UndiciCopy>();
    for (const { prototype, name, file } of loadedEntrances()) {
      if (name === 'dispatch' && !copies.has(prototype)) {
        copies.set(prototype, { file, isSeen: this.dispatches.liesOver(prototype) });
      }
    }
    return [...copies.values()];
  }

  /** A connection leads to its client, also of a copy that nothing else leads to. */
  connected(socket: Socket): void {
    for (const entrance of entrancesOf(socket)) {
      this.dispatches.layOver(entrance);
    }
  }

  private look(): void {
    for (const entrance of loadedEntrances()) {
      this.dispatches.layOver(entrance);
    }
  }

  /** A call was not seen: the copy of undici that it was made with was loaded meanwhile. */
  private lookFor(request: UndiciRequest): void {
    const copy: object = Object.getPrototypeOf(request);
    if (!this.lookedFor.has(copy)) {
      this.lookedFor.add(copy);
      this.look();
    }
  }
}
