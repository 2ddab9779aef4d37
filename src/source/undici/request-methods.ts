import type { Method } from '../../patch/method.js';
import { overlayPrototype } from '../../patch/overlay.js';
import { watchMethod } from '../../patch/watch-method.js';
import type { UndiciRequest, UndiciResponse } from '../channels.js';
import type { Report, Stop } from '../request-trace.js';
import { guarded, guardedPair } from '../subscribe.js';
import { Followed } from './exchange.js';

interface Chunk {
  readonly request: UndiciRequest;
  readonly bytes: number;
}

interface Upgrade {
  readonly request: UndiciRequest;
  readonly statusCode: number;
  readonly headers: UndiciResponse['headers'];
}

/**
 * Looks on at methods that undici calls on its requests, and that all requests of a copy of it share. They tell what no
 * channel tells, or not in each release: that the first byte of a response is there, whose head may be far from
 * complete; a part of a body, of which undici publishes nothing before 7.11; that a connection was handed over, of which
 * releases before September 2026 publish nothing.
 */
export class RequestMethods {
  /** By the class of requests that they were laid over. */
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

  /** A channel told of a chunk of this request's body, as it does of those of others like it. */
  chunkPublished(): void {
    this.isPublished = true;
  }

  /** To be called with each request before it can be given headers twice: looks on at others like it, too. */
  watchLike(request: UndiciRequest): void {
    // Its class and not its prototype: `Object.getPrototypeOf` takes 120 instructions, a property next to none.
    const kind = request.constructor;
    if (!this.watched.has(kind)) {
      const prototype: object = Object.getPrototypeOf(request);
      const stops = [
        ...this.watchStarted(prototype, 'onResponseStarted'),
        // undici 8 renamed it.
        ...this.watchUpgrade(prototype, 'onUpgrade'),
        ...this.watchUpgrade(prototype, 'onRequestUpgrade'),
        ...this.watchData(prototype, 'onData'),
        watchAddHeader(prototype),
      ];
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

  private watchStarted(prototype: object, name: string): Stop[] {
    return has(prototype, name) ? [watchMethod<UndiciRequest, void>(prototype, name, this.started)] : [];
  }

  /** Until a channel tells of what is received. */
  private watchData(prototype: object, name: string): Stop[] {
    if (!has(prototype, name)) {
      return [];
    }
    const enter = (request: UndiciRequest, [chunk]: readonly unknown[]): Chunk => {
      this.isPublished = false;
      return { request, bytes: chunk instanceof Uint8Array ? chunk.byteLength : 0 };
    };
    const stop = watchMethod<UndiciRequest, Chunk>(prototype, name, enter, (chunk) => {
      if (this.isPublished) {
        stop();
      } else {
        this.gotChunk(chunk.request, chunk.bytes);
      }
    });
    return [stop];
  }

  private watchUpgrade(prototype: object, name: string): Stop[] {
    if (!has(prototype, name)) {
      return [];
    }
    const enter = (request: UndiciRequest, [statusCode, headers]: readonly unknown[]): Upgrade => ({
      request,
      statusCode: statusCode as number,
      headers: headers as UndiciResponse['headers'],
    });
    return [
      watchMethod<UndiciRequest, Upgrade>(prototype, name, enter, (upgrade, returned) => {
        if (returned) {
          this.upgraded(upgrade);
        }
      }),
    ];
  }
}

/** Lets the requests that were given headers keep them, whoever adds more: of all that share this prototype. */
function watchAddHeader(prototype: object): Stop {
  return overlayPrototype<Record<'addHeader', Method>>(prototype, {
    addHeader: (own, parent) =>
      function addHeader(this: UndiciRequest, ...args) {
        return Followed.by(this)?.keeps?.(this, String(args[0]))
          ? this
          : Reflect.apply(own ?? parent.addHeader, this, args);
      },
  });
}

function has(prototype: object, name: string): boolean {
  return typeof Reflect.get(prototype, name) === 'function';
}
