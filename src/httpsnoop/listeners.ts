import { EventEmitter } from 'node:events';
import { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Method } from '../patch/method.js';
import type { ListenerContext } from './response-observer.js';

const NODES_EMIT: unknown = EventEmitter.prototype.emit;
const { listenerCount } = EventEmitter.prototype;

/**
 * Whether nobody would notice that an event was not emitted. Most events of most requests have no listeners, and then
 * Node's own `emit` does nothing. To ask this first spares each of them the look-up of whose it is, which takes 170
 * instructions. Not for `error`: without listeners it is thrown.
 */
export function isUnheard(emit: Method, emitter: EventEmitter, event: unknown): boolean {
  return emit === NODES_EMIT && listenerCount.call(emitter, event as string) === 0;
}

/**
 * Whether a context must be made active for the listeners of an event. Node emits from where a socket is read, or from
 * where another request of the same connection ends. An `error` without listeners is thrown, and may be monitored.
 *
 * @param nodesListeners By event, how many listeners are Node's own, which need no context.
 */
export function needsContext(
  listenIn: ListenerContext | undefined,
  emitter: EventEmitter,
  event: unknown,
  nodesListeners?: ReadonlyMap<unknown, number>,
): listenIn is ListenerContext {
  if (listenIn === undefined) {
    return false;
  }
  const count = emitter.listenerCount(event as string);
  return (count > 0 || event === 'error') && count !== nodesListeners?.get(event) && !listenIn.isActive();
}

// Node itself listens to some of what it emits. Its listeners need no context of ours, and to enter one costs more
// than they do.

/** Node's own listeners of a request, by their event. All requests of a protocol have the same. */
let endListener: unknown;
let resumeListener: unknown;

/**
 * Learns Node's listener of the end of a request. Node adds it during the `finish` of the response, if the request has not
 * ended yet.
 */
export class FinishLesson {
  /** Whether there is still something to learn. */
  static isDue = true;
  private readonly request: IncomingMessage;

  private constructor(request: IncomingMessage) {
    this.request = request;
  }

  /** @returns `undefined` if this one teaches nothing. To be asked before the `finish`. */
  static of({ req: request }: { readonly req?: unknown }): FinishLesson | undefined {
    // Programs may put something else there.
    return request instanceof IncomingMessage && request.listenerCount('end') === 0
      ? new FinishLesson(request)
      : undefined;
  }

  /** To be called after the `finish`. */
  learn(): void {
    if (this.request.listenerCount('end') === 1) {
      endListener = this.request.rawListeners('end')[0];
      FinishLesson.isDue = false;
    }
  }
}

let isResumeDue = true;

/**
 * Learns Node's listener of the `resume` of a request of HTTP/2.
 *
 * @param request One that nobody but Node has had yet.
 */
export function learnResumeListener(request: Http2ServerRequest): void {
  if (
    isResumeDue &&
    Object.getPrototypeOf(request) === process.getBuiltinModule('node:http2').Http2ServerRequest.prototype
  ) {
    isResumeDue = false;
    resumeListener = request.rawListeners('resume')[0];
  }
}

/** Whether only Node listens to this event of a request. */
export function isHeardByNodeAlone(request: EventEmitter, event: unknown): boolean {
  switch (event) {
    case 'end':
      return isTheOnlyOne(request, event, endListener);
    case 'resume':
      return isTheOnlyOne(request, event, resumeListener);
    default:
      return false;
  }
}

function isTheOnlyOne(emitter: EventEmitter, event: string, listener: unknown): boolean {
  const listeners = emitter.rawListeners(event);
  return listeners.length === 1 && listeners[0] === listener;
}

/** Node's own listeners of a stream that its compatibility API serves. All streams have the same. */
export class NodesListeners {
  private static learned: NodesListeners | undefined = undefined;
  /** By event, how many listeners are Node's. */
  readonly counts: ReadonlyMap<unknown, number>;
  /** What Node lets a stream that was closed do at its end: a method of all streams, beside those listeners. */
  private readonly destroysAtEnd: unknown;

  private constructor(stream: EventEmitter) {
    this.counts = new Map(stream.eventNames().map((event) => [event, stream.listenerCount(event)]));
    this.destroysAtEnd = findMethod(stream, 'kMaybeDestroy');
  }

  /** @param stream One that nobody but Node has had yet. */
  static of(stream: EventEmitter): NodesListeners {
    NodesListeners.learned ??= new NodesListeners(stream);
    return NodesListeners.learned;
  }

  /** Whether nobody else listens to the end of a stream that was closed. */
  hearEndAlone(stream: EventEmitter): boolean {
    const count = this.counts.get('end') ?? 0;
    const listeners = stream.rawListeners('end');
    return listeners.length === count + 1 && listeners[count] === this.destroysAtEnd;
  }
}

/** The method that an object has under a symbol; `undefined` if there is none of this description. */
function findMethod(object: object, description: string): unknown {
  for (let holder: object | null = object; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const name = Object.getOwnPropertySymbols(holder).find((symbol) => symbol.description === description);
    if (name !== undefined) {
      return Reflect.get(object, name);
    }
  }
  return undefined;
}
