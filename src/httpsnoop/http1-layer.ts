import { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers';
import type { Stop } from '../patch/descriptor.js';
import type { Method } from '../patch/method.js';
import { type MakeMethod, overlayObject, overlayPrototype } from '../patch/overlay.js';
import { queueOn } from './connection.js';
import type { Follower } from './follower.js';
import { Http1Follower } from './http1-follower.js';
import { FinishLesson, isEmitter } from './listeners.js';
import type { ListenerContext } from './response-observer.js';

/** What is laid over a response, whatever the declared types. */
interface Methods {
  readonly emit: Method;
  readonly writeHead: Method;
  /**
   * How every response of Node hands its body to the connection, with the head already apart. No library patches it,
   * and what is rejected, unsendable or dropped never gets there.
   */
  readonly _send: Method;
  readonly end: Method;
  readonly destroy: Method;
  readonly flushHeaders: Method;
  readonly writeInformation: Method;
  readonly writeContinue: Method;
  readonly writeProcessing: Method;
  readonly writeEarlyHints: Method;
}

type SendArgs = [data: string | Uint8Array, encoding: unknown, callback: unknown, byteLength?: number];

/** The follower of a response, if this layer is the one that serves it. */
function followerIn(layer: object, response: object): Http1Follower | undefined {
  const follower = Http1Follower.of(response);
  return follower?.layer === layer ? follower : undefined;
}

/** Each method looks at the response and hands on everything as it came. Each is the only frame of ours. */
function methodsOf(layer: object): { readonly [Name in keyof Methods]: MakeMethod<Methods> } {
  return {
    emit: (own, parent) =>
      function emit(this: ServerResponse, ...args: unknown[]): unknown {
        const next = own ?? parent.emit;
        const follower = followerIn(layer, this);
        if (follower === undefined) {
          return Reflect.apply(next, this, args);
        }
        const way = follower.willEmit(next, args);
        const lesson =
          way === 'plain' && args[0] === 'finish' && follower.isFinishHeardByNodeAlone()
            ? FinishLesson.of(this)
            : undefined;
        try {
          if (way === 'entered') {
            const { contexts, context } = follower.listenIn as ListenerContext;
            return contexts.with(context, Reflect.apply as Method, undefined, next, this, args);
          }
          return way === 'unheard' ? false : Reflect.apply(next, this, args);
        } finally {
          lesson?.learn();
          if (args[0] === 'close') {
            follower.closed();
          }
        }
      },
    writeHead: (own, parent) =>
      function writeHead(this: ServerResponse, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.writeHead, this, args);
        followerIn(layer, this)?.wroteHead(typeof args[1] === 'string' ? args[2] : (args[2] ?? args[1]));
        return result;
      },
    _send: (own, parent) =>
      function _send(this: ServerResponse, ...args: unknown[]): unknown {
        const next = own ?? parent._send;
        const follower = followerIn(layer, this);
        if (follower === undefined) {
          return Reflect.apply(next, this, args);
        }
        const [data, encoding, callback, byteLength] = args as SendArgs;
        const result = next.call(this, data, encoding, inOwnContext(follower, callback), byteLength);
        follower.sent(data, encoding, byteLength);
        return result;
      },
    end: (own, parent) =>
      function end(this: ServerResponse, ...args: unknown[]): unknown {
        const wasOpen = !this.writableEnded && !this.destroyed;
        const result = Reflect.apply(own ?? parent.end, this, args);
        if (wasOpen) {
          followerIn(layer, this)?.ended();
        }
        return result;
      },
    // Before Node 24, a response that waits for its turn on a pipelined connection never closes by itself.
    destroy: (own, parent) =>
      function destroy(this: ServerResponse, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.destroy, this, args);
        if (this.socket === null) {
          followerIn(layer, this)?.closed();
        }
        return result;
      },
    flushHeaders: (own, parent) =>
      function flushHeaders(this: ServerResponse, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.flushHeaders, this, args);
        followerIn(layer, this)?.flushed();
        return result;
      },
    ...informationalOf(layer),
  };
}

type Informational = 'writeInformation' | 'writeContinue' | 'writeProcessing' | 'writeEarlyHints';

function informationalOf(layer: object): { readonly [Name in Informational]: MakeMethod<Methods> } {
  /** From some release on it is what the other three call. */
  const hasWriteInformation = 'writeInformation' in ServerResponse.prototype;
  /** Calls of the method send an informational response; which one their arguments say. */
  const sending =
    (name: Informational, statusOf: (args: unknown[]) => number | undefined): MakeMethod<Methods> =>
    (own, parent) =>
      function (this: ServerResponse, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent[name], this, args);
        const statusCode = statusOf(args);
        if (statusCode !== undefined) {
          followerIn(layer, this)?.wroteInformational(statusCode);
        }
        return result;
      };
  const alone = (statusOf: (args: unknown[]) => number | undefined) =>
    hasWriteInformation ? () => undefined : statusOf;
  return {
    writeInformation: sending('writeInformation', ([statusCode]) => Number(statusCode)),
    writeContinue: sending(
      'writeContinue',
      alone(() => 100),
    ),
    writeProcessing: sending(
      'writeProcessing',
      alone(() => 102),
    ),
    writeEarlyHints: sending('writeEarlyHints', alone(earlyHintsOf)),
  };
}

/** Without a link Node sends nothing. */
function earlyHintsOf([hints]: unknown[]): number | undefined {
  const link: unknown = typeof hints === 'object' && hints !== null ? Reflect.get(hints, 'link') : undefined;
  return (Array.isArray(link) ? link.length > 0 : link) ? 103 : undefined;
}

/**
 * What waits for its turn on a pipelined connection is written when another response ends, and so Node would call back
 * in the context of that one.
 */
function inOwnContext({ listenIn, response }: Http1Follower, callback: unknown): unknown {
  if (listenIn === undefined || typeof callback !== 'function' || response.socket !== null) {
    return callback;
  }
  const { contexts, context } = listenIn;
  return (...given: unknown[]) =>
    contexts.with(context, Reflect.apply as Method, undefined, callback, undefined, given);
}

/** The responses whose methods are those of the prototype, and that are not closed yet. Node closes each of them. */
const open = new Set<Http1Follower>();

let prototypeLayer: { readonly remove: Stop } | undefined;

/** Lets the prototype of all responses look for followers, if it does not yet. */
export function installHttp1Layer(): object {
  if (prototypeLayer === undefined) {
    const layer = {};
    prototypeLayer = Object.assign(layer, {
      remove: overlayPrototype<Methods>(ServerResponse.prototype, methodsOf(layer)),
    });
  }
  return prototypeLayer;
}

/** Puts back the prototype. Those that are under way get methods of their own, and are returned. */
export function removeHttp1Layer(): Http1Follower[] {
  prototypeLayer?.remove();
  prototypeLayer = undefined;
  const underWay = [...open];
  open.clear();
  for (const follower of underWay) {
    layOver(follower);
  }
  return underWay;
}

function layOver(follower: Http1Follower): void {
  const { response } = follower;
  const layer = {};
  follower.layer = layer;
  const { emit, ...others } = methodsOf(layer);
  overlayObject<Methods>(response, isEmitter(response) ? { emit, ...others } : others);
}

/** The follower of a response, which has one from now on. */
export function followHttp1(response: ServerResponse): Http1Follower {
  return Http1Follower.of(response) ?? begin(response);
}

function begin(response: ServerResponse): Http1Follower {
  const follower = new Http1Follower(response);
  if (!(response instanceof ServerResponse)) {
    layOver(follower);
  } else {
    follower.layer = installHttp1Layer();
    if (isNodes(response)) {
      follower.whenClosed = forget;
      open.add(follower);
    }
  }
  if (!isEmitter(response)) {
    if (typeof Reflect.get(response, 'end') !== 'function') {
      setImmediate(() => follower.isOver());
    }
  } else if (response.closed) {
    setImmediate(() => follower.closed());
  } else if (response.socket === null) {
    queueOn(response.req?.socket, follower);
  }
  return follower;
}

function forget(follower: Follower): void {
  open.delete(follower as Http1Follower);
}

/**
 * Whether a server of Node's made the response, and so closes it. Programs make others, which nobody may ever close: to
 * keep them would be to keep them for good.
 */
function isNodes(response: ServerResponse): boolean {
  const request: unknown = response.req;
  if (!(request instanceof IncomingMessage)) {
    return false;
  }
  const { socket } = request;
  return typeof socket === 'object' && socket !== null && 'server' in socket && !socket.destroyed;
}
