import type { IncomingMessage } from 'node:http';
import { byteLengthOf } from '../httpsnoop/byte-length.js';
import { emitInContext } from './context-emit.js';
import { MethodLayer } from './method-layer.js';
import { traceOf } from './traced.js';

const emit = new MethodLayer<IncomingMessage>(
  'emit',
  (request) => request.emit,
  (request: { emit: unknown }, method) => {
    request.emit = method;
  },
  (next, request, args) => {
    const trace = traceOf(request);
    if (trace === undefined) {
      return Reflect.apply(next, request, args);
    }
    if (args[0] === 'data' && trace.steps.requestBody) {
      trace.gotBody(byteLengthOf(args[1], request.readableEncoding));
    }
    return emitInContext(trace, next, request, args);
  },
);

/** Lets the listeners of a traced HTTP/1.1 request run in its context, and counts what is read of its body. */
export function watchRequest(request: IncomingMessage): void {
  emit.layOver(request);
}
