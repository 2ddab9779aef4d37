import type { IncomingMessage } from 'node:http';
import { byteLengthOf } from '../../httpsnoop/byte-length.js';
import { type Method, MethodLayer } from '../../patch/method-layer.js';
import { emitHeard, emitUnheard, isEmitter, isHeard } from './context-emit.js';
import { isEndHeardByNodeAlone } from './nodes-listeners.js';
import { traceOf } from './traced.js';

/** The method that is replaced, whatever its declared type. */
interface Emitting {
  emit: unknown;
}

function emitOfRequest(next: Method, request: IncomingMessage, args: unknown[]): unknown {
  const event = args[0];
  if (event === 'data') {
    countData(request, args[1]);
  }
  if (event === 'end' && isEndHeardByNodeAlone(request)) {
    return Reflect.apply(next, request, args);
  }
  if (!isHeard(request, event)) {
    return emitUnheard(next, request, args);
  }
  const trace = traceOf(request);
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
  if (!isEmitter(request)) {
    return;
  }
  const own: Emitting = request;
  const inherited: Emitting = Object.getPrototypeOf(request);
  own.emit = emit.over(own.emit, inherited.emit);
}
