import { EventEmitter } from 'node:events';
import { IncomingMessage } from 'node:http';
import type { Method } from '../patch/method.js';
import type { ListenerContext } from './response-observer.js';

const NODES_EMIT: unknown = EventEmitter.prototype.emit;

/** How an event is emitted: as it is; with a context made active; not at all, for nobody would notice. */
export type Way = 'plain' | 'entered' | 'unheard';

/**
 * How to emit an event so that its listeners run in their context. Node emits from where a socket is read, or from
 * where another request of the same connection ends. Most events of most requests have no listeners, and then Node's
 * own `emit` does nothing. An `error` without any is thrown, and may be monitored.
 *
 * @param nodesListeners By event, how many listeners are Node's own, which need no context.
 */
export function wayOf(
  listenIn: ListenerContext | undefined,
  emit: Method,
  emitter: EventEmitter,
  event: unknown,
  nodesListeners?: ReadonlyMap<unknown, number>,
): Way {
  if (listenIn === undefined) {
    return 'plain';
  }
  const count = emitter.listenerCount(event as string);
  if (count === 0 && event !== 'error') {
    return emit === NODES_EMIT ? 'unheard' : 'plain';
  }
  return count === nodesListeners?.get(event) || listenIn.isActive() ? 'plain' : 'entered';
}

// Node itself listens to some of what it emits. Its listeners need no context of ours, and to enter one costs more
// than they do.

/** What Node notes the end of a request by that was answered before: the same for all requests. */
let endListener: unknown;

/** Learns from a `finish` that Node alone hears what it then listens to the end of the request by. */
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

export function isEndHeardByNodeAlone(request: EventEmitter): boolean {
  const listeners = request.rawListeners('end');
  return listeners.length === 1 && listeners[0] === endListener;
}
