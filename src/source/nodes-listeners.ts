import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Method } from './method-layer.js';

// Node itself listens to some of what it emits. Its listeners need no context of ours, and to enter one costs more
// than they do.

/** Node listens to each response that has its connection: else no other request would be taken from that. */
export function isFinishHeardByNodeAlone(response: ServerResponse): boolean {
  return response.socket !== null && response.listenerCount('finish') === 1;
}

/** With what Node notes the end of a request that was answered before: the same for all requests. */
let endListener: unknown;

/** Emits a `finish` that Node alone hears, and learns what it then listens to the end of the request by. */
export function emitFinishToNode(emit: Method, response: ServerResponse, args: unknown[]): unknown {
  const { req } = response;
  const mayLearn = endListener === undefined && req.listenerCount('end') === 0;
  const result = Reflect.apply(emit, response, args);
  if (mayLearn && req.listenerCount('end') === 1) {
    endListener = req.rawListeners('end')[0];
  }
  return result;
}

export function isEndHeardByNodeAlone(request: IncomingMessage): boolean {
  const listeners = request.rawListeners('end');
  return listeners.length === 1 && listeners[0] === endListener;
}
