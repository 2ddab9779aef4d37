import type { IncomingMessage } from 'node:http';
import { byteLengthOf } from '../httpsnoop/byte-length.js';
import { emitInContext } from './context-emit.js';
import { type Method, MethodLayer } from './method-layer.js';
import { traceOf } from './traced.js';

/** With what Node itself notes the end of each request, where it does so by a listener. */
let nodesEndListener: unknown;

/** Whether nobody but Node listens: it needs no context of ours. */
function isHeardByNodeAlone(request: IncomingMessage): boolean {
  return request.listenerCount('end') === 1 && request.listeners('end')[0] === nodesEndListener;
}

function emitOfRequest(next: Method, request: IncomingMessage, args: unknown[]): unknown {
  const trace = traceOf(request);
  if (trace === undefined || (args[0] === 'end' && isHeardByNodeAlone(request))) {
    return Reflect.apply(next, request, args);
  }
  if (args[0] === 'data' && trace.steps.requestBody) {
    trace.gotBody(byteLengthOf(args[1], request.readableEncoding));
  }
  return emitInContext(trace, next, request, args);
}

const emit = new MethodLayer<IncomingMessage>(
  'emit',
  (request) => request.emit,
  (request: { emit: unknown }, method) => {
    request.emit = method;
  },
  emitOfRequest,
  function emit(...args) {
    let holder: { readonly emit: unknown } = Object.getPrototypeOf(this);
    while (holder.emit === emit) {
      holder = Object.getPrototypeOf(holder);
    }
    return emitOfRequest(holder.emit as Method, this, args);
  },
);

/** Lets the listeners of a traced HTTP/1.1 request run in its context, and counts what is read of its body. */
export function watchRequest(request: IncomingMessage): void {
  // The program has not had the request yet.
  nodesEndListener ??= request.listeners('end')[0];
  emit.layOver(request);
}
