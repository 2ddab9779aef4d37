import { IncomingMessage, type ServerResponse } from 'node:http';
import { hiddenField } from '../../patch/hidden-field.js';
import type { Method } from '../../patch/method-layer.js';

// Node itself listens to some of what it emits. Its listeners need no context of ours, and to enter one costs more
// than they do.

/** Responses that somebody else than Node has made, as adapters for other protocols do. */
const foreign = hiddenField<true>();

/** To be called before the program has the response: what listens to its end by then is Node's own. */
export function noteMaker(response: ServerResponse): void {
  if (response.listenerCount('finish') !== 1 && !foreign.has(response)) {
    foreign.set(response, true);
  }
}

export function isFinishHeardByNodeAlone(response: ServerResponse): boolean {
  return response.listenerCount('finish') === 1 && !foreign.has(response);
}

/** With what Node notes the end of a request that was answered before: the same for all requests. */
let endListener: unknown;

/** Emits a `finish` that Node alone hears, and learns what it then listens to the end of the request by. */
export function emitFinishToNode(emit: Method, response: ServerResponse, args: unknown[]): unknown {
  // Programs may put something else there.
  const request: unknown = response.req;
  if (endListener !== undefined || !(request instanceof IncomingMessage)) {
    return Reflect.apply(emit, response, args);
  }
  const wasHeard = request.listenerCount('end') > 0;
  const result = Reflect.apply(emit, response, args);
  if (!wasHeard && request.listenerCount('end') === 1) {
    endListener = request.rawListeners('end')[0];
  }
  return result;
}

export function isEndHeardByNodeAlone(request: IncomingMessage): boolean {
  const listeners = request.rawListeners('end');
  return listeners.length === 1 && listeners[0] === endListener;
}
