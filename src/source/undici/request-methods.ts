import type { Method } from '../../patch/method.js';
import { type MakeMethod, type Overlay, overlayPrototype } from '../../patch/overlay.js';
import type { UndiciRequest, UndiciResponse } from '../channels.js';
import type { Report, Stop } from '../request-trace.js';
import { guarded, guardedPair } from '../subscribe.js';
import { Followed } from './exchange.js';

/** What undici, or a tool, calls on a request: `onUpgrade` until undici 7, then `onRequestUpgrade`. */
type Methods = Record<
  'addHeader' | 'onData' | 'onRequestUpgrade' | 'onResponseStarted' | 'onUpgrade',
  Method
>;

interface Upgrade {
  readonly request: UndiciRequest;
  readonly statusCode: number;
  readonly headers: UndiciResponse['headers'];
}

/**
 * Looks on at methods that all requests of a copy of undici share. They tell what no channel tells, or not in each release:
 * - that the first byte of a response is there, whose head may be far from complete;
 * - that a part of a body is there: undici before 7.11 publishes nothing then;
 * - that a connection was handed over: releases before September 2026 publish nothing then.
 */
export class RequestMethods {
  /** For each class of requests what takes ours off again. */
  private readonly watched = new Map<unknown, Stop>();
  private readonly started: (request: UndiciRequest) => void;
  private readonly upgraded: (upgrade: Upgrade) => void;
  private readonly gotChunk: (request: UndiciRequest, bytes: number) => void;
  /** Whether a channel told of the chunk that a request is given now. */
  private isPublished = false;

  constructor(report: Report) {
    this.started = guarded('onResponseStarted', (request) => Followed.by(request)?.gotFirstByte(), report);
    this.upgraded = guarded(
      'onUpgrade',
      ({ request, statusCode, headers }) => Followed.by(request)?.upgraded(statusCode, headers),
      report,
    );
    this.gotChunk = guardedPair(
      'onData',
      (request, bytes) => Followed.by(request)?.gotBodyChunk(bytes),
      report,
    );
  }

  /** A channel told of the chunk that a request is given now. This copy of undici publishes each chunk. */
  chunkPublished(): void {
    this.isPublished = true;
  }

  /** Looks on at this request and all others of its class. To be called before the request is given headers. */
  watchLike(request: UndiciRequest): void {
    // The class stands for the prototype: `Object.getPrototypeOf` takes 120 instructions, a property next to none.
    const kind = request.constructor;
    if (!this.watched.has(kind)) {
      const prototype: object = Object.getPrototypeOf(request);
      const stops = [overlayPrototype(prototype, this.overlay()), this.watchData(prototype)];
      this.watched.set(kind, () => {
        for (const stop of stops) {
          stop();
        }
      });
    }
  }

  stop(): void {
    for (const stop of this.watched.values()) {
      stop();
    }
    this.watched.clear();
  }

  private overlay(): Overlay<Methods> {
    const { started } = this;
    return {
      onResponseStarted: (own, parent) =>
        function onResponseStarted(this: UndiciRequest, ...args) {
          started(this);
          return Reflect.apply(own ?? parent.onResponseStarted, this, args);
        },
      onUpgrade: this.upgrade('onUpgrade'),
      onRequestUpgrade: this.upgrade('onRequestUpgrade'),
      // A request that was given headers keeps them, whoever adds more.
      addHeader: (own, parent) =>
        function addHeader(this: UndiciRequest, ...args) {
          return Followed.by(this)?.keeps?.(this, String(args[0]))
            ? this
            : Reflect.apply(own ?? parent.addHeader, this, args);
        },
    };
  }

  private upgrade(name: 'onUpgrade' | 'onRequestUpgrade'): MakeMethod<Methods> {
    const { upgraded } = this;
    return (own, parent) => {
      const methods = {
        [name](this: UndiciRequest, ...args: unknown[]): unknown {
          const result = Reflect.apply(own ?? parent[name], this, args);
          const [statusCode, headers] = args as [number, UndiciResponse['headers']];
          upgraded({ request: this, statusCode, headers });
          return result;
        },
      };
      return methods[name] as Method;
    };
  }

  /** Counts what is received until a channel does. */
  private watchData(prototype: object): Stop {
    const watch = this;
    // If somebody else's patch covers ours, ours stays. Ours may later lie over both: only that one counts then.
    let isOn = true;
    const putBack = overlayPrototype<Methods>(prototype, {
      onData: (own, parent) =>
        function onData(this: UndiciRequest, ...args) {
          if (!isOn) {
            return Reflect.apply(own ?? parent.onData, this, args);
          }
          watch.isPublished = false;
          try {
            return Reflect.apply(own ?? parent.onData, this, args);
          } finally {
            if (watch.isPublished) {
              stop();
            } else {
              const [chunk] = args;
              watch.gotChunk(this, chunk instanceof Uint8Array ? chunk.byteLength : 0);
            }
          }
        },
    });
    const stop = () => {
      isOn = false;
      putBack();
    };
    return stop;
  }
}
