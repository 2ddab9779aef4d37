import type { ServerHttp2Stream } from 'node:http2';
import { setImmediate } from 'node:timers';
import type { Stop } from '../patch/descriptor.js';
import type { Method } from '../patch/method.js';
import { type MakeMethod, overlayObject, overlayPrototype } from '../patch/overlay.js';
import { emitMethod } from './emit-method.js';
import { OpenFollowers } from './follower.js';
import { FollowedStream, Http2Follower } from './http2-follower.js';

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

/** What makes the methods of one layer: some of them, or all. */
type MethodsOf<Names extends keyof Methods> = { readonly [Name in Names]: MakeMethod<Methods> };

/** Each method looks at the stream and hands on everything as it came. Each is the only frame of ours. */
function methodsOf(layer: object): MethodsOf<keyof Methods> {
  return {
    // `newListener` comes in the context of whoever adds one, as it should: Node's compatibility API adds fourteen to
    // each stream.
    emit: emitMethod((stream) => FollowedStream.by(stream, layer), 'newListener'),
    ...headsOf(layer),
    ...bodyOf(layer),
    ...endsOf(layer),
  };
}

function bodyOf(layer: object): MethodsOf<'write' | 'end'> {
  return {
    write: (own, parent) =>
      function write(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const next = own ?? parent.write;
        const follower = FollowedStream.by(this, layer);
        if (follower === undefined || !follower.takesBody()) {
          return Reflect.apply(next, this, args);
        }
        const result = Reflect.apply(next, this, args);
        follower.wrote(args[0], args[1]);
        return result;
      },
    end: (own, parent) =>
      function end(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const follower = FollowedStream.by(this, layer);
        const takesBody = follower?.takesBody();
        const result = Reflect.apply(own ?? parent.end, this, args);
        if (takesBody) {
          follower?.wrote(args[0], args[1]);
        }
        follower?.ended();
        return result;
      },
  };
}

type Heads = 'respond' | 'respondWithFile' | 'respondWithFD' | 'additionalHeaders' | 'pushStream';

function headsOf(layer: object): MethodsOf<Heads> {
  const sendingFile =
    (name: 'respondWithFile' | 'respondWithFD'): MakeMethod<Methods> =>
    (own, parent) =>
      function (this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const follower = FollowedStream.by(this, layer);
        follower?.willSendFile();
        const result = Reflect.apply(own ?? parent[name], this, args);
        follower?.lookAtHead();
        return result;
      };
  return {
    respond: (own, parent) =>
      function respond(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.respond, this, args);
        FollowedStream.by(this, layer)?.responded();
        return result;
      },
    respondWithFile: sendingFile('respondWithFile'),
    respondWithFD: sendingFile('respondWithFD'),
    additionalHeaders: (own, parent) =>
      function additionalHeaders(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.additionalHeaders, this, args);
        const status = pseudoHeader(args[0], ':status');
        if (status !== undefined) {
          FollowedStream.by(this, layer)?.wroteInformational(Number(status));
        }
        return result;
      },
    pushStream: (own, parent) =>
      function pushStream(this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.pushStream, this, args);
        FollowedStream.by(this, layer)?.pushed(String(pseudoHeader(args[0], ':path') ?? '/'));
        return result;
      },
  };
}

type Ends = 'close' | 'destroy' | '_destroy';

function endsOf(layer: object): MethodsOf<Ends> {
  const closing =
    (name: 'close' | 'destroy'): MakeMethod<Methods> =>
    (own, parent) =>
      function (this: ServerHttp2Stream, ...args: unknown[]): unknown {
        const follower = FollowedStream.by(this, layer);
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
        const follower = FollowedStream.by(this, layer);
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
const open = new OpenFollowers();

let prototypeLayer: { readonly remove: Stop } | undefined;

/** Lets the prototype of all streams look for followers. Node exports no class of them. */
function installOn(prototype: object): object {
  const layer = {};
  prototypeLayer = Object.assign(layer, { remove: overlayPrototype<Methods>(prototype, methodsOf(layer)) });
  return prototypeLayer;
}

/** Puts back the prototype. Those that are under way get methods of their own, and are returned. */
export function removeHttp2Layer(): Http2Follower[] {
  prototypeLayer?.remove();
  prototypeLayer = undefined;
  const underWay = open.removeAll() as Http2Follower[];
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
  const before = FollowedStream.by(stream);
  if (before !== undefined) {
    return before;
  }
  const follower = new Http2Follower(stream);
  const prototype: unknown = Object.getPrototypeOf(stream);
  if (stream.destroyed) {
    setImmediate(() => follower.closed());
  } else if (isNodes(prototype) && stream.session !== undefined) {
    follower.layer = prototypeLayer ?? installOn(prototype);
    open.add(follower);
  } else {
    layOver(follower);
  }
  return follower;
}

function isNodes(prototype: unknown): prototype is object {
  return typeof prototype === 'object' && prototype !== null && Object.hasOwn(prototype, 'respondWithFD');
}
