import { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Readable } from 'node:stream';
import { byteLengthOf } from '../../httpsnoop/byte-length.js';
import { isEmitter, isEndHeardByNodeAlone, type Way, wayOf } from '../../httpsnoop/listeners.js';
import type { ListenerContext } from '../../httpsnoop/response-observer.js';
import type { Stop } from '../../patch/descriptor.js';
import type { Method } from '../../patch/method.js';
import { type MakeMethod, overlayObject, overlayPrototype } from '../../patch/overlay.js';
import type { ServerTrace } from './trace.js';
import { setTrace, traceOf } from './traced.js';

// What a request emits, and what the objects of the compatibility API of HTTP/2 do: their listeners run in the context
// of the request. A response of HTTP/1.1 and a stream of HTTP/2 are followed, and that does it too.

interface Methods {
  readonly emit: Method;
  readonly flushHeaders: Method;
}

type Emitter = IncomingMessage | Http2ServerRequest | Http2ServerResponse;

/** As in each layer of `httpsnoop`, the method is the only frame of ours. */
function emitMethod(layer: object): MakeMethod<Methods> {
  return (own, parent) =>
    function emit(this: Emitter, ...args: unknown[]): unknown {
      const next = own ?? parent.emit;
      const trace = traceOf(this, layer);
      if (trace === undefined) {
        return Reflect.apply(next, this, args);
      }
      const way = wayOfTraced(trace, next, this, args);
      if (way === 'entered') {
        const { contexts, context } = trace.listenIn as ListenerContext;
        return contexts.with(context, Reflect.apply as Method, undefined, next, this, args);
      }
      return way === 'unheard' ? false : Reflect.apply(next, this, args);
    };
}

function wayOfTraced(trace: ServerTrace, next: Method, emitter: Emitter, args: unknown[]): Way {
  switch (args[0]) {
    case 'data':
      if (trace.countsRequestBody) {
        trace.gotBody(byteLengthOf(args[1], (emitter as Readable).readableEncoding));
      }
      break;
    case 'end':
      if (isEndHeardByNodeAlone(emitter as Readable)) {
        return 'plain';
      }
  }
  return wayOf(trace.listenIn, next, emitter, args[0]);
}

/** The method of a response of the compatibility API that its stream does not show. */
function flushHeadersMethod(layer: object): MakeMethod<Methods> {
  return (own, parent) =>
    function flushHeaders(this: Http2ServerResponse, ...args: unknown[]): unknown {
      const result = Reflect.apply(own ?? parent.flushHeaders, this, args);
      traceOf(this, layer)?.flushed?.();
      return result;
    };
}

/** Where the method is found that lets the listeners of a traced request run in its context. */
export class Emitters {
  private layer: object | undefined = undefined;
  private stops: Stop[] = [];

  install(): void {
    if (this.layer !== undefined) {
      return;
    }
    const layer = {};
    const emit = emitMethod(layer);
    // Loaded here, for only who observes servers needs it.
    const { Http2ServerRequest, Http2ServerResponse } = process.getBuiltinModule('node:http2');
    this.layer = layer;
    this.stops = [
      overlayPrototype<Methods>(IncomingMessage.prototype, { emit }),
      overlayPrototype<Methods>(Http2ServerRequest.prototype, { emit }),
      overlayPrototype<Methods>(Http2ServerResponse.prototype, {
        emit,
        flushHeaders: flushHeadersMethod(layer),
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

  /** Lets the listeners of an emitter run in the context of its request, and tells what is read of a body. */
  watch(emitter: object, trace: ServerTrace): void {
    const isNodes = emitter instanceof IncomingMessage || isCompat(emitter);
    if (isNodes && this.layer !== undefined) {
      setTrace(emitter, trace, this.layer);
    } else {
      layOver(emitter, trace);
    }
  }
}

function isCompat(emitter: object): boolean {
  return Reflect.get(emitter, 'httpVersionMajor') === 2 || 'createPushResponse' in emitter;
}

/** For one that goes on when the prototypes are as they were, and for what a program emits in the place of Node's. */
export function layOver(emitter: object, trace: ServerTrace): void {
  const layer = {};
  setTrace(emitter, trace, layer);
  if (isEmitter(emitter)) {
    overlayObject<Methods>(emitter, { emit: emitMethod(layer), flushHeaders: flushHeadersMethod(layer) });
  }
}
