import { watchMethod } from '../../patch/watch-method.js';
import type { UndiciRequest, UndiciResponse } from '../channels.js';
import type { Report, Stop } from '../request-trace.js';
import { guarded } from '../subscribe.js';
import { watchAddHeader } from './given-headers.js';

/** What no channel tells, or not in each release: told by the methods that undici calls on its request. */
export interface RequestMethodsListener {
  /** The first byte of a response, informational or not, is there. Its head may be far from complete. */
  responseStarted(request: UndiciRequest): void;
  /** A part of a body arrived; undici before 7.11 publishes nothing then. */
  gotBodyChunk(request: UndiciRequest, bytes: number): void;
  /** The connection was handed over; releases before September 2026 publish nothing then. */
  upgraded(request: UndiciRequest, statusCode: number, headers: UndiciResponse['headers']): void;
}

interface Chunk {
  readonly request: UndiciRequest;
  readonly bytes: number;
}

interface Upgrade {
  readonly request: UndiciRequest;
  readonly statusCode: number;
  readonly headers: UndiciResponse['headers'];
}

/** Looks on at methods that all requests of a copy of undici share. */
export class RequestMethods {
  private readonly watched = new Map<object, Stop>();
  private readonly started: (request: UndiciRequest) => void;
  private readonly upgraded: (upgrade: Upgrade) => void;
  private readonly gotChunk: (chunk: Chunk) => void;
  /** Whether a channel told of the chunk that a request is given now. */
  private isPublished = false;

  constructor(listener: RequestMethodsListener, report: Report) {
    this.started = guarded('onResponseStarted', listener.responseStarted.bind(listener), report);
    this.upgraded = guarded(
      'onUpgrade',
      ({ request, statusCode, headers }: Upgrade) => listener.upgraded(request, statusCode, headers),
      report,
    );
    this.gotChunk = guarded(
      'onData',
      ({ request, bytes }: Chunk) => listener.gotBodyChunk(request, bytes),
      report,
    );
  }

  /** A channel told of a chunk of this request's body, as it does of those of others like it. */
  chunkPublished(): void {
    this.isPublished = true;
  }

  /** To be called with each request before it can be given headers twice: looks on at others like it, too. */
  watchLike(request: UndiciRequest): void {
    const prototype: object = Object.getPrototypeOf(request);
    if (!this.watched.has(prototype)) {
      const stops = [
        ...this.watchStarted(prototype, 'onResponseStarted'),
        // undici 8 renamed it.
        ...this.watchUpgrade(prototype, 'onUpgrade'),
        ...this.watchUpgrade(prototype, 'onRequestUpgrade'),
        ...this.watchData(prototype, 'onData'),
        watchAddHeader(prototype),
      ];
      this.watched.set(prototype, () => {
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
        this.gotChunk(chunk);
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

function has(prototype: object, name: string): boolean {
  return typeof Reflect.get(prototype, name) === 'function';
}
