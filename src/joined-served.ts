import type { Closing, ListenerContext } from './httpsnoop/response-observer.js';
import type { ServerTrace } from './source/server/trace.js';

/**
 * One trace of an incoming request that tells two others. The owner records the request, and the listeners run in the
 * owner's context. The owner is absent if nobody records. The onlooker only looks on.
 */
export class JoinedServed implements ServerTrace {
  readonly listenIn: ListenerContext | undefined;
  readonly countsBody: boolean;
  readonly countsRequestBody: boolean;
  readonly closesBeforeListeners: boolean;
  private readonly owner: ServerTrace | undefined;
  private readonly onlooker: ServerTrace;

  constructor(owner: ServerTrace | undefined, onlooker: ServerTrace) {
    this.owner = owner;
    this.onlooker = onlooker;
    this.listenIn = owner?.listenIn;
    this.countsBody = owner?.countsBody === true || onlooker.countsBody;
    this.countsRequestBody = owner?.countsRequestBody === true || onlooker.countsRequestBody;
    this.closesBeforeListeners = owner?.closesBeforeListeners === true;
  }

  wroteInformational(statusCode: number): void {
    this.owner?.wroteInformational?.(statusCode);
    this.onlooker.wroteInformational?.(statusCode);
  }

  wroteHead(statusCode: number, headers?: unknown): void {
    this.owner?.wroteHead(statusCode, headers);
    this.onlooker.wroteHead(statusCode, headers);
  }

  wroteBody(bytes: number): void {
    if (this.owner?.countsBody === true) {
      this.owner.wroteBody(bytes);
    }
    this.onlooker.wroteBody(bytes);
  }

  flushed(): void {
    this.owner?.flushed?.();
    this.onlooker.flushed?.();
  }

  ended(isHandedOver: boolean): void {
    this.owner?.ended?.(isHandedOver);
    this.onlooker.ended?.(isHandedOver);
  }

  finished(): void {
    this.owner?.finished?.();
    this.onlooker.finished?.();
  }

  pushed(path: string): void {
    this.owner?.pushed?.(path);
    this.onlooker.pushed?.(path);
  }

  gotBody(bytes: number): void {
    if (this.owner?.countsRequestBody === true) {
      this.owner.gotBody(bytes);
    }
    this.onlooker.gotBody(bytes);
  }

  errored(error: unknown): void {
    this.owner?.errored?.(error);
    this.onlooker.errored?.(error);
  }

  threw(error: unknown): void {
    this.owner?.threw(error);
    this.onlooker.threw(error);
  }

  hijacked(protocol: string | undefined): void {
    this.owner?.hijacked(protocol);
    this.onlooker.hijacked(protocol);
  }

  closed(closing: Closing): void {
    this.owner?.closed(closing);
    this.onlooker.closed(closing);
  }
}
