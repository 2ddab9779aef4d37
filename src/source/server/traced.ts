import { Itself } from '../../patch/hidden-field.js';
import type { ServerTrace } from './trace.js';

/**
 * As `hiddenField`, written out: each request is asked for its trace at each step, and V8 learns for each function of
 * the source, and not for each copy of it.
 */
class Traced extends Itself {
  /** `undefined` for a request that was seen and is not traced. */
  readonly #trace: ServerTrace | undefined;

  constructor(object: object, trace: ServerTrace | undefined) {
    super(object);
    this.#trace = trace;
  }

  static traceOf(object: object): ServerTrace | undefined {
    return #trace in object ? object.#trace : undefined;
  }

  static wasSeen(object: object): boolean {
    return #trace in object;
  }
}

/** Says to whom a request, a response or a stream belongs. The first one to say it is right. */
export function setTrace(object: object, trace: ServerTrace | undefined): void {
  if (!Traced.wasSeen(object)) {
    new Traced(object, trace);
  }
}

export function traceOf(object: object): ServerTrace | undefined {
  return Traced.traceOf(object);
}

/** Whether it was seen before: programs hand requests from one event, or one server, to another. */
export function wasSeen(object: object): boolean {
  return Traced.wasSeen(object);
}
