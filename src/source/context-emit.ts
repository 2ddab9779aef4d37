import type { EventEmitter } from 'node:events';
import { type Method, MethodLayer } from './method-layer.js';
import type { Closing, ServerTrace } from './server-trace.js';
import { traceOf } from './traced.js';

/**
 * Lets listeners run in the context of their request. Node emits from where the socket is read, or from where
 * another request of the same connection ends.
 */
export function emitInContext(
  trace: ServerTrace,
  emit: Method,
  emitter: EventEmitter,
  args: unknown[],
): unknown {
  const event = args[0] as string;
  // An `error` that nobody listens to is thrown, and may be monitored.
  const isHeard = event === 'error' || emitter.listenerCount(event) > 0;
  return isHeard && !trace.isActive() ? trace.run(emit, emitter, args) : Reflect.apply(emit, emitter, args);
}

/** As `emitInContext`, for the `close` after which nothing comes. */
export function emitClose<Emitter extends EventEmitter>(
  trace: ServerTrace,
  emit: Method,
  emitter: Emitter,
  args: unknown[],
  closingOf: (emitter: Emitter) => Closing,
): unknown {
  if (trace.endsBeforeListeners) {
    trace.closed(closingOf(emitter));
    return emitInContext(trace, emit, emitter, args);
  }
  try {
    return emitInContext(trace, emit, emitter, args);
  } finally {
    trace.closed(closingOf(emitter));
  }
}

/** An `emit` whose listeners run in the context of the request that the emitter belongs to. */
export const contextEmit = new MethodLayer<EventEmitter>(
  'emit',
  (emitter) => emitter.emit,
  (emitter: { emit: unknown }, method) => {
    emitter.emit = method;
  },
  (next, emitter, args) => {
    const trace = traceOf(emitter);
    return trace === undefined
      ? Reflect.apply(next, emitter, args)
      : emitInContext(trace, next, emitter, args);
  },
);
