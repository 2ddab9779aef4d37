import { EventEmitter } from 'node:events';
import { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Readable } from 'node:stream';
import { byteLengthOf } from '../../httpsnoop/byte-length.js';
import { isHeardByNodeAlone, isUnheard, needsContext } from '../../httpsnoop/listeners.js';
import type { Stop } from '../../patch/descriptor.js';
import { Itself } from '../../patch/hidden-field.js';
import type { Method } from '../../patch/method.js';
import { type MakeMethod, overlayObject, overlayPrototype } from '../../patch/overlay.js';
import type { ServerTrace } from './trace.js';

// Lets the listeners of requests, and of the objects of HTTP/2's compatibility API, run in the context of their
// request. Responses of HTTP/1.1 and streams of HTTP/2 are followed, and their followers do that.

/** To whom a request, or a stream, belongs. */
interface Owned {
  /** `undefined` if it was seen and is not traced. */
  trace: ServerTrace | undefined;
  /** The layer of methods that serves it; others pass on. */
  layer: object | undefined;
}

/**
 * A `hiddenField`, written out. V8 keeps what it learns for each function of the source, so that all hidden
 * fields would share it; this one is asked at each step of a request.
 */
class Seen extends Itself {
  readonly #owned: Owned;

  constructor(object: object, owned: Owned) {
    super(object);
    this.#owned = owned;
  }

  static get(object: object): Owned | undefined {
    return #owned in object ? object.#owned : undefined;
  }
}

/** Whether it was seen before: programs hand requests from one event, or one server, to another. */
export function wasSeen(object: object): boolean {
  return Seen.get(object) !== undefined;
}

export function traceOf(object: object): ServerTrace | undefined {
  return Seen.get(object)?.trace;
}

/** Notes to whom a request or a stream belongs. It was not seen before. */
export function claim(object: object, trace: ServerTrace | undefined, layer?: object): void {
  new Seen(object, { trace, layer });
}

/**
 * As `claim`, for an object that may have been seen before. The trace that it has stays.
 *
 * @param layer Whose methods serve it from now on.
 */
function claimAnew(object: object, trace: ServerTrace, layer: object): void {
  const owned = Seen.get(object);
  if (owned === undefined) {
    claim(object, trace, layer);
  } else {
    owned.trace ??= trace;
    owned.layer = layer;
  }
}

interface Methods {
  readonly emit: Method;
  readonly flushHeaders: Method;
}

type Emitter = IncomingMessage | Http2ServerRequest | Http2ServerResponse;

/** As `emitMethod` of `httpsnoop`: the method is the only frame of ours, and gives `args` to nobody. */
function emitOf(layer: object): MakeMethod<Methods> {
  return (own, parent) =>
    function emit(this: Emitter, ...args: unknown[]): unknown {
      const next = own ?? parent.emit;
      const event = args[0];
      if (event !== 'data' && event !== 'error' && isUnheard(next, this, event)) {
        return false;
      }
      if (isHeardByNodeAlone(this, event)) {
        return Reflect.apply(next, this, args);
      }
      const owned = Seen.get(this);
      const trace = owned?.layer === layer ? owned.trace : undefined;
      if (trace?.countsRequestBody === true && event === 'data') {
        trace.gotBody(byteLengthOf(args[1], (this as Readable).readableEncoding));
      }
      const listenIn = trace?.listenIn;
      return needsContext(listenIn, this, event)
        ? listenIn.contexts.with(listenIn.context, next, this, ...args)
        : Reflect.apply(next, this, args);
    };
}

/** `flushHeaders` of the compatibility API: its stream does not show that the program called it. */
function flushHeadersOf(layer: object): MakeMethod<Methods> {
  return (own, parent) =>
    function flushHeaders(this: Http2ServerResponse, ...args: unknown[]): unknown {
      const result = Reflect.apply(own ?? parent.flushHeaders, this, args);
      const owned = Seen.get(this);
      if (owned?.layer === layer) {
        owned.trace?.flushed?.();
      }
      return result;
    };
}

/** The layer over `emit` of requests and of the compatibility API's responses, on their prototypes. */
export class Emitters {
  private layer: object | undefined = undefined;
  private stops: Stop[] = [];

  install(): void {
    if (this.layer !== undefined) {
      return;
    }
    const layer = {};
    const emit = emitOf(layer);
    // Loaded here, for only who observes servers needs it.
    const { Http2ServerRequest, Http2ServerResponse } = process.getBuiltinModule('node:http2');
    this.layer = layer;
    this.stops = [
      overlayPrototype<Methods>(IncomingMessage.prototype, { emit }),
      overlayPrototype<Methods>(Http2ServerRequest.prototype, { emit }),
      overlayPrototype<Methods>(Http2ServerResponse.prototype, {
        emit,
        flushHeaders: flushHeadersOf(layer),
      }),
    ];
  }

  /** Puts back the prototypes as they were. */
  remove(): void {
    this.layer = undefined;
    for (const stop of this.stops.splice(0)) {
      stop();
    }
  }

  /**
   * Lets the listeners of a request of HTTP/1.1 run in its context, and tells what is read of its body.
   *
   * @param request Not seen yet.
   */
  watch(request: object, trace: ServerTrace): void {
    if (request instanceof IncomingMessage && this.layer !== undefined) {
      claim(request, trace, this.layer);
    } else {
      layOver(request, trace);
    }
  }

  /** As `watch`, for a request or a response of the compatibility API of HTTP/2. */
  watchCompat(message: Http2ServerRequest | Http2ServerResponse, trace: ServerTrace): void {
    if (this.layer === undefined) {
      layOver(message, trace);
    } else {
      claimAnew(message, trace, this.layer);
    }
  }
}

/**
 * Gives one object methods of its own: a request that goes on after the prototypes were put back, or what a
 * program emits in the place of Node's own.
 */
export function layOver(emitter: object, trace: ServerTrace): void {
  const layer = {};
  claimAnew(emitter, trace, layer);
  if (emitter instanceof EventEmitter) {
    overlayObject<Methods>(emitter, { emit: emitOf(layer), flushHeaders: flushHeadersOf(layer) });
  }
}
