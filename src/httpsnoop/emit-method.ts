import type { EventEmitter } from 'node:events';
import type { Method } from '../patch/method.js';
import type { MakeMethod } from '../patch/overlay.js';
import type { Follower } from './follower.js';
import { isUnheard } from './listeners.js';
import type { ListenerContext } from './response-observer.js';

/** Events that tell a fact, whether anybody hears them or not. */
function isTelling(event: unknown): boolean {
  return event === 'finish' || event === 'close' || event === 'error' || event === 'socket';
}

/**
 * `emit` of a response, or of a stream of HTTP/2: its follower learns what the event tells, and its listeners run in the
 * context of the request.
 *
 * What is handed on as a list of arguments alone needs no array: that saves 150 instructions at each event. So `args` is
 * given to nobody, and spread where a context is entered.
 *
 * @param followerOf Gives the follower that is served by the layer which the method belongs to.
 * @param passedOn An event that is of no interest, though it has listeners.
 */
export function emitMethod(
  followerOf: (emitter: EventEmitter) => Follower | undefined,
  passedOn?: string,
): MakeMethod<{ readonly emit: Method }> {
  return (own, parent) =>
    function emit(this: EventEmitter, ...args: unknown[]): unknown {
      const next = own ?? parent.emit;
      const event = args[0];
      if (event === passedOn) {
        return Reflect.apply(next, this, args);
      }
      if (!isTelling(event) && isUnheard(next, this, event)) {
        return false;
      }
      const follower = followerOf(this);
      if (follower === undefined) {
        return Reflect.apply(next, this, args);
      }
      const isEntered = follower.willEmit(event, args[1]);
      try {
        if (isEntered) {
          const { contexts, context } = follower.listenIn as ListenerContext;
          return contexts.with(context, next, this, ...args);
        }
        return Reflect.apply(next, this, args);
      } finally {
        follower.emitted(event);
      }
    };
}
