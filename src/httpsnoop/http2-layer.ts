import type { ServerHttp2Stream } from 'node:http2';
import { setImmediate } from 'node:timers';
import type { Stop } from '../patch/descriptor.js';
import type { Method } from '../patch/method.js';
import { type MakeMethod, overlayObject, overlayPrototype } from '../patch/overlay.js';
import type { Follower } from './follower.js';
import { Http2Follower } from './http2-follower.js';
import type { ListenerContext } from './response-observer.js';

/** What is laid over a stream, below the compatibility API if that is used; whatever the declared types. */
interface Methods {
  readonly emit: Method;
  readonly respond: Method;
  readonly respondWithFile: Method;
  readonly respondWithFD: Method;
  readonly additionalHeaders: Method;
  readonly pushStream: Method;
  readonly write: Method;
  readonly end: Method;
  readonly close: Method;
  readonly destroy: Method;
  readonly _destroy: Method;
}

/** The follower of a stream, if this layer is the one that serves it. */
function followerIn(layer: object, stream: object): Http2Follower | undefined {
  const follower = Http2Follower.of(stream);
  return follower?.layer === layer ? follower : undefined;
}

/** Each method looks at the stream and hands on everything as it came. Each is the only frame of ours. */
function methodsOf(layer: object): { readonly [Name in keyof Methods]: MakeMethod<Methods> } {
  return {
    emit: (own, parent) =>
      function emit(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const next = own ?? parent.emit;
        const follower = followerIn(layer, this);
        if (follower === undefined) {
          return Reflect.apply(next, this, args);
        }
        const way = follower.willEmit(next, args);
        try {
          if (way === 'entered') {
            const { contexts, context } = follower.listenIn as ListenerContext;
            return contexts.with(context, Reflect.apply as Method, undefined, next, this, args);
          }
          return way === 'unheard' ? false : Reflect.apply(next, this, args);
        } finally {
          if (args[0] === 'close') {
            follower.closed();
          }
        }
      },
    write: (own, parent) =>
      function write(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const next = own ?? parent.write;
        const follower = followerIn(layer, this);
        if (follower === undefined || !follower.takesBody()) {
          return Reflect.apply(next, this, args);
        }
        const result = Reflect.apply(next, this, args);
        follower.wrote(args[0], args[1]);
        return result;
      },
    end: (own, parent) =>
      function end(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const follower = followerIn(layer, this);
        const takesBody = follower?.takesBody();
        const result = Reflect.apply(own ?? parent.end, this, args);
        if (takesBody) {
          follower?.wrote(args[0], args[1]);
        }
        follower?.ended();
        return result;
      },
    ...headsOf(layer),
    ...endsOf(layer),
  };
}

type Heads = 'respond' | 'respondWithFile' | 'respondWithFD' | 'additionalHeaders' | 'pushStream';

function headsOf(layer: object): { readonly [Name in Heads]: MakeMethod<Methods> } {
  const sendingFile =
    (name: 'respondWithFile' | 'respondWithFD'): MakeMethod<Methods> =>
    (own, parent) =>
      function (this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const follower = followerIn(layer, this);
        follower?.willSendFile();
        const result = Reflect.apply(own ?? parent[name], this, args);
        follower?.lookAtHead();
        return result;
      };
  return {
    respond: (own, parent) =>
      function respond(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.respond, this, args);
        followerIn(layer, this)?.responded();
        return result;
      },
    respondWithFile: sendingFile('respondWithFile'),
    respondWithFD: sendingFile('respondWithFD'),
    additionalHeaders: (own, parent) =>
      function additionalHeaders(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.additionalHeaders, this, args);
        const status = pseudoHeader(args[0], ':status');
        if (status !== undefined) {
          followerIn(layer, this)?.wroteInformational(Number(status));
        }
        return result;
      },
    pushStream: (own, parent) =>
      function pushStream(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.pushStream, this, args);
        followerIn(layer, this)?.pushed(String(pseudoHeader(args[0], ':path') ?? '/'));
        return result;
      },
  };
}

type Ends = 'close' | 'destroy' | '_destroy';

function endsOf(layer: object): { readonly [Name in Ends]: MakeMethod<Methods> } {
  const closing =
    (name: 'close' | 'destroy'): MakeMethod<Methods> =>
    (own, parent) =>
      function (this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const follower = followerIn(layer, this);
        follower?.willBeClosed();
        const result = Reflect.apply(own ?? parent[name], this, args);
        follower?.lookAtHead();
        return result;
      };
  return {
    close: closing('close'),
    destroy: closing('destroy'),
    _destroy: (own, parent) =>
      function _destroy(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const follower = followerIn(layer, this);
        follower?.isDestroyed();
        const result = Reflect.apply(own ?? parent._destroy, this, args);
        follower?.isDestroyed();
        return result;
      },
  };
}

function pseudoHeader(headers: unknown, name: string): unknown {
  return typeof headers === 'object' && headers !== null ? Reflect.get(headers, name) : undefined;
}

/** The streams whose methods are those of the prototype, and that are not closed yet. Node closes each of them. */
const open = new Set<Http2Follower>();

let prototypeLayer: { readonly remove: Stop } | undefined;

/** Lets the prototype of all streams look for followers, if it does not yet. Node exports no class of them. */
function installedOn(prototype: object): object {
  if (prototypeLayer === undefined) {
    const layer = {};
    prototypeLayer = Object.assign(layer, { remove: overlayPrototype<Methods>(prototype, methodsOf(layer)) });
  }
  return prototypeLayer;
}

/** Puts back the prototype. Those that are under way get methods of their own, and are returned. */
export function removeHttp2Layer(): Http2Follower[] {
  prototypeLayer?.remove();
  prototypeLayer = undefined;
  const underWay = [...open];
  open.clear();
  for (const follower of underWay) {
    layOver(follower);
  }
  return underWay;
}

function layOver(follower: Http2Follower): void {
  const layer = {};
  follower.layer = layer;
  overlayObject<Methods>(follower.stream, methodsOf(layer));
}

/** The follower of a stream, which has one from now on. */
export function followHttp2(stream: ServerHttp2Stream): Http2Follower {
  return Http2Follower.of(stream) ?? begin(stream);
}

function begin(stream: ServerHttp2Stream): Http2Follower {
  const follower = new Http2Follower(stream);
  const prototype: unknown = Object.getPrototypeOf(stream);
  if (stream.destroyed) {
    setImmediate(() => follower.closed());
  } else if (isNodes(prototype) && stream.session !== undefined) {
    follower.layer = installedOn(prototype);
    follower.whenClosed = forget;
    open.add(follower);
  } else {
    layOver(follower);
  }
  return follower;
}

function forget(follower: Follower): void {
  open.delete(follower as Http2Follower);
}

function isNodes(prototype: unknown): prototype is object {
  return typeof prototype === 'object' && prototype !== null && Object.hasOwn(prototype, 'respondWithFD');
}
