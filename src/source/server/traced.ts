import { Itself } from '../../patch/hidden-field.js';
import type { ServerTrace } from './trace.js';

/**
 * As `hiddenField`, written out: each request is asked for its trace at each step, and V8 learns for each function of
 * the source, and not for each copy of it.
 */
class Traced extends Itself {
  /** `undefined` for a request that was seen and is not traced. */
  #trace: ServerTrace | undefined;
  /** The layer of methods that serves it; others pass on. */
  #layer: object | undefined;

  constructor(object: object, trace: ServerTrace | undefined, layer: object | undefined) {
    super(object);
    this.#trace = trace;
    this.#layer = layer;
  }

  static traceOf(object: object): ServerTrace | undefined {
    return #trace in object ? object.#trace : undefined;
  }

  static layerOf(object: object): object | undefined {
    return #layer in object ? object.#layer : undefined;
  }

  static wasSeen(object: object): boolean {
    return #trace in object;
  }

  static set(object: object, trace: ServerTrace | undefined, layer: object | undefined): void {
    if (#trace in object) {
      object.#trace ??= trace;
      object.#layer = layer;
    } else {
      new Traced(object, trace, layer);
    }
  }
}

/**
 * Says to whom a request or a stream belongs. The first one to say it is right.
 *
 * @param layer Whose methods serve it from now on.
 */
export function setTrace(object: object, trace: ServerTrace | undefined, layer?: object): void {
  Traced.set(object, trace, layer);
}

/** @param layer If it is given: only what that layer serves. */
export function traceOf(object: object, layer?: object): ServerTrace | undefined {
  return layer === undefined || Traced.layerOf(object) === layer ? Traced.traceOf(object) : undefined;
}

/** Whether it was seen before: programs hand requests from one event, or one server, to another. */
export function wasSeen(object: object): boolean {
  return Traced.wasSeen(object);
}
