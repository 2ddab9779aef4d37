import { EventEmitter } from 'node:events';
import { type Method, MethodLayer, passingOn } from '../../patch/method-layer.js';
import type { Closing, ServerTrace } from './trace.js';
import { traceOf } from './traced.js';

const NODES_EMIT: unknown = EventEmitter.prototype.emit;

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
  return isHeard(emitter, args[0]) ? emitHeard(trace, emit, emitter, args) : emitUnheard(emit, emitter, args);
}

/** As `emitInContext`, for an event that has listeners. */
export function emitHeard(trace: ServerTrace, emit: Method, emitter: EventEmitter, args: unknown[]): unknown {
  return trace.isActive() ? Reflect.apply(emit, emitter, args) : trace.run(emit, emitter, args);
}

/** For an event that has no listeners Node's own `emit` does nothing: most events of most requests have none. */
export function emitUnheard(emit: Method, emitter: EventEmitter, args: unknown[]): unknown {
  return emit === NODES_EMIT ? false : Reflect.apply(emit, emitter, args);
}

/** Programs emit requests of their own making too, some of which have another kind of `emit`. */
export function isEmitter(object: object): boolean {
  return object instanceof EventEmitter;
}

/** Whether an event has any listeners. An `error` that has none is thrown, and may be monitored. */
export function isHeard(emitter: EventEmitter, event: unknown): boolean {
  return event === 'error' || emitter.listenerCount(event as string) > 0;
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

function emitOf(next: Method, emitter: EventEmitter, args: unknown[]): unknown {
  const trace = traceOf(emitter);
  return trace === undefined ? Reflect.apply(next, emitter, args) : emitInContext(trace, next, emitter, args);
}

const emit = new MethodLayer<EventEmitter>(
  'emit',
  emitOf,
  passingOn((emitter) => emitter.emit, emitOf),
);

/** Lets the listeners of an emitter run in the context of the request that it belongs to. */
export function watchEmitter(emitter: { emit: unknown }): void {
  if (!isEmitter(emitter)) {
    return;
  }
  emitter.emit = emit.over(emitter.emit, Object.getPrototypeOf(emitter).emit);
}
