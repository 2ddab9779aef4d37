import { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers';
import type { Stop } from '../patch/descriptor.js';
import type { Method } from '../patch/method.js';
import { type MakeMethod, overlayObject, overlayPrototype } from '../patch/overlay.js';
import { queueOn } from './connection.js';
import { emitMethod } from './emit-method.js';
import { OpenFollowers } from './follower.js';
import { FollowedResponse, Http1Follower } from './http1-follower.js';

/** What is laid over a response, whatever the declared types. */
interface Methods {
  readonly emit: Method;
  readonly writeHead: Method;
  /**
   * How every response of Node hands its body to the connection, with the head already apart. No library patches it,
   * and what is rejected, unsendable or dropped never gets there.
   *
   * Its arguments: data, encoding, callback, and how many bytes the data have, if Node knows.
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

type Data = string | Uint8Array;

/** What makes the methods of one layer: some of them, or all. */
type MethodsOf<Names extends keyof Methods> = { readonly [Name in Names]: MakeMethod<Methods> };

/** Each method looks at the response and hands on everything as it came. Each is the only frame of ours. */
function methodsOf(layer: object): MethodsOf<keyof Methods> {
  return {
    emit: emitMethod((response) => FollowedResponse.by(response, layer)),
    ...writingOf(layer),
    ...informationalOf(layer),
    destroy: destroyOf(layer),
  };
}

type Writing = 'writeHead' | '_send' | 'end' | 'flushHeaders';

function writingOf(layer: object): MethodsOf<Writing> {
  return {
    writeHead: (own, parent) =>
      function writeHead(this: ServerResponse, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.writeHead, this, args);
        const headers = typeof args[1] === 'string' ? args[2] : (args[2] ?? args[1]);
        FollowedResponse.by(this, layer)?.wroteHead(headers);
        return result;
      },
    _send: (own, parent) =>
      function _send(this: ServerResponse, ...args: unknown[]): unknown {
        const next = own ?? parent._send;
        const follower = FollowedResponse.by(this, layer);
        if (follower === undefined) {
          return Reflect.apply(next, this, args);
        }
        const result =
          this.socket === null
            ? next.call(this, args[0], args[1], inOwnContext(follower, args[2]), args[3])
            : Reflect.apply(next, this, args);
        follower.sent(args[0] as Data, args[1], args[3] as number | undefined);
        return result;
      },
    end: (own, parent) =>
      function end(this: ServerResponse, ...args: unknown[]): unknown {
        const wasOpen = !this.writableEnded && !this.destroyed;
        const result = Reflect.apply(own ?? parent.end, this, args);
        if (wasOpen) {
          FollowedResponse.by(this, layer)?.ended();
        }
        return result;
      },
    flushHeaders: (own, parent) =>
      function flushHeaders(this: ServerResponse, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent.flushHeaders, this, args);
        FollowedResponse.by(this, layer)?.flushed();
        return result;
      },
  };
}

/** Before Node 24, a response that waits for its turn on a pipelined connection never closes by itself. */
function destroyOf(layer: object): MakeMethod<Methods> {
  return (own, parent) =>
    function destroy(this: ServerResponse, ...args: unknown[]): unknown {
      const result = Reflect.apply(own ?? parent.destroy, this, args);
      if (this.socket === null) {
        FollowedResponse.by(this, layer)?.closed();
      }
      return result;
    };
}

type Informational = 'writeInformation' | 'writeContinue' | 'writeProcessing' | 'writeEarlyHints';

function informationalOf(layer: object): MethodsOf<Informational> {
  /** Newer releases of Node have it, and call it from the other three. */
  const hasWriteInformation = 'writeInformation' in ServerResponse.prototype;
  /** A method that sends an informational response. Its arguments say which one. */
  const sending =
    (name: Informational, statusOf: (args: unknown[]) => number | undefined): MakeMethod<Methods> =>
    (own, parent) =>
      function (this: ServerResponse, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent[name], this, args);
        const statusCode = statusOf(args);
        if (statusCode !== undefined) {
          FollowedResponse.by(this, layer)?.wroteInformational(statusCode);
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
 * Lets a callback of `write` run in the context of its own response. What waits for its turn on a pipelined
 * connection is written when another response ends, and Node would call back in the context of that one.
 */
function inOwnContext({ listenIn }: Http1Follower, callback: unknown): unknown {
  if (listenIn === undefined || typeof callback !== 'function') {
    return callback;
  }
  const { contexts, context } = listenIn;
  return (...given: unknown[]) => contexts.with(context, callback as Method, undefined, ...given);
}

/** The responses whose methods are those of the prototype, and that are not closed yet. Node closes each of them. */
const open = new OpenFollowers();

let prototypeLayer: { readonly remove: Stop } | undefined;

/** Lets the prototype of all responses look for followers. */
export function installHttp1Layer(): object {
  const layer = {};
  const remove = overlayPrototype<Methods>(ServerResponse.prototype, methodsOf(layer));
  prototypeLayer = Object.assign(layer, { remove });
  return prototypeLayer;
}

/** Puts back the prototype. Those that are under way get methods of their own, and are returned. */
export function removeHttp1Layer(): Http1Follower[] {
  prototypeLayer?.remove();
  prototypeLayer = undefined;
  const underWay = open.removeAll() as Http1Follower[];
  for (const follower of underWay) {
    layOver(follower);
  }
  return underWay;
}

function layOver(follower: Http1Follower): void {
  const layer = {};
  follower.layer = layer;
  const { emit, ...others } = methodsOf(layer);
  overlayObject<Methods>(follower.response, follower.isEmitter ? { emit, ...others } : others);
}

/** The follower of a response, which has one from now on. */
export function followHttp1(response: ServerResponse): Http1Follower {
  const before = FollowedResponse.by(response);
  if (before !== undefined) {
    return before;
  }
  const follower = new Http1Follower(response);
  if (!(response instanceof ServerResponse)) {
    layOver(follower);
  } else {
    follower.layer = prototypeLayer ?? installHttp1Layer();
    if (isNodes(response)) {
      open.add(follower);
    }
  }
  if (!follower.isEmitter) {
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

/**
 * Whether a server of Node's made the response, and so closes it. A response that a program made may never be
 * closed, and would be kept for good.
 */
function isNodes({ req: request }: { readonly req?: unknown }): boolean {
  if (!(request instanceof IncomingMessage)) {
    return false;
  }
  const { socket } = request;
  return typeof socket === 'object' && socket !== null && 'server' in socket && !socket.destroyed;
}
