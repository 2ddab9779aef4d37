import type { IncomingMessage } from 'node:http';
import { byteLengthOf } from '../httpsnoop/byte-length.js';
import { emitHeard, emitUnheard, isHeard } from './context-emit.js';
import { type Method, MethodLayer } from './method-layer.js';
import { traceOf } from './traced.js';

/** The method that is replaced, whatever its declared type. */
interface Emitting {
  emit: unknown;
}

/** With what Node itself notes the end of each request, where it does so by a listener: it needs no context of ours. */
let nodesEndListener: unknown;

function isHeardByNodeAlone(request: IncomingMessage): boolean {
  const listeners = request.listeners('end');
  return listeners.length === 1 && listeners[0] === nodesEndListener;
}

function emitOfRequest(next: Method, request: IncomingMessage, args: unknown[]): unknown {
  const event = args[0];
  if (event === 'data') {
    countData(request, args[1]);
  }
  if (!isHeard(request, event)) {
    return emitUnheard(next, request, args);
  }
  const trace = event === 'end' && isHeardByNodeAlone(request) ? undefined : traceOf(request);
  return trace === undefined ? Reflect.apply(next, request, args) : emitHeard(trace, next, request, args);
}

function countData(request: IncomingMessage, chunk: unknown): void {
  const trace = traceOf(request);
  if (trace?.steps.requestBody === true) {
    trace.gotBody(byteLengthOf(chunk, request.readableEncoding));
  }
}

const emit = new MethodLayer<IncomingMessage>('emit', emitOfRequest, function emit(...args) {
  let holder: Emitting = Object.getPrototypeOf(this);
  while (holder.emit === emit) {
    holder = Object.getPrototypeOf(holder);
  }
  return emitOfRequest(holder.emit as Method, this, args);
});

/** Lets the listeners of a traced HTTP/1.1 request run in its context, and counts what is read of its body. */
export function watchRequest(request: IncomingMessage): void {
  // The program has not had the request yet.
  nodesEndListener ??= request.listeners('end')[0];
  const own: Emitting = request;
  const inherited: Emitting = Object.getPrototypeOf(request);
  own.emit = emit.over(own.emit, inherited.emit);
}
