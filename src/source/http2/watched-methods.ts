import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Stop } from '../../patch/descriptor.js';
import type { Method } from '../../patch/method.js';
import { overlayPrototype } from '../../patch/overlay.js';

// A request calls these methods some twenty times. Each is written out, because V8 learns for each function of the source:
// one function for all methods, which finds the one below by a variable name, takes a hundred instructions more at
// each call. Each method is one frame on the stack, and asks whether its watcher has to know before it calls it.

interface SessionMethods {
  readonly request: Method;
  readonly emit: Method;
}

/** A request whose header is sent in place of the program's. */
interface AmendedRequest {
  readonly headers: { readonly toSend: unknown };
}

/** Looks on at sessions of clients. Its methods must not throw. */
export interface SessionWatcher<Request extends AmendedRequest> {
  /** @returns `undefined` for a request that is left as it is. */
  beforeRequest(session: ClientHttp2Session, headers: unknown): Request | undefined;
  requestMade(request: Request, stream: unknown): void;
  /** The error is not caught: Node prints the line that threw an uncaught error last. */
  requestThrew(request: Request): void;
  beforeConnect(session: ClientHttp2Session): void;
}

/** @param prototype That of all sessions of clients. */
export function watchSessions<Request extends AmendedRequest>(
  prototype: object,
  watcher: SessionWatcher<Request>,
): Stop {
  let active = true;
  const putBack = overlayPrototype<SessionMethods>(prototype, {
    request: (own, parent) =>
      function request(this: ClientHttp2Session, ...args: unknown[]): unknown {
        const method = own ?? parent.request;
        const made = active ? watcher.beforeRequest(this, args[0]) : undefined;
        if (made === undefined) {
          return Reflect.apply(method, this, args);
        }
        args[0] = made.headers.toSend;
        let returned = false;
        try {
          const stream = Reflect.apply(method, this, args);
          returned = true;
          watcher.requestMade(made, stream);
          return stream;
        } finally {
          if (!returned) {
            watcher.requestThrew(made);
          }
        }
      },
    emit: (own, parent) =>
      function emit(this: ClientHttp2Session, ...args: unknown[]): unknown {
        if (args[0] === 'connect' && active) {
          watcher.beforeConnect(this);
        }
        return Reflect.apply(own ?? parent.emit, this, args);
      },
  });
  return () => {
    active = false;
    putBack();
  };
}

interface StreamMethods {
  readonly emit: Method;
  readonly push: Method;
  readonly close: Method;
}

/** Looks on at streams of clients. Its methods must not throw. */
export interface StreamWatcher<Closing> {
  /** @param raw The fields of a head as they arrived. */
  beforeEvent(stream: object, event: unknown, value: unknown, raw: unknown): void;
  /** Node pushes all that it receives, even if nobody reads it, and `null` at the end. */
  beforePush(stream: object, chunk: unknown): void;
  /** @returns The argument of `afterClose`, which is not called for `undefined`. */
  beforeClose(stream: ClientHttp2Stream): Closing | undefined;
  afterClose(closing: Closing): void;
}

/** @param prototype That of all streams of clients. */
export function watchStreams<Closing>(prototype: object, watcher: StreamWatcher<Closing>): Stop {
  let active = true;
  const putBack = overlayPrototype<StreamMethods>(prototype, {
    emit: (own, parent) =>
      function emit(this: object, ...args: unknown[]): unknown {
        // Two of three events are others. These comparisons take fewer instructions than a look into a set.
        switch (args[0]) {
          case 'headers':
          case 'response':
          case 'timeout':
          case 'error':
          case 'close':
            if (active) {
              watcher.beforeEvent(this, args[0], args[1], args[3]);
            }
        }
        return Reflect.apply(own ?? parent.emit, this, args);
      },
    push: (own, parent) =>
      function push(this: object, ...args: unknown[]): unknown {
        if (active) {
          watcher.beforePush(this, args[0]);
        }
        return Reflect.apply(own ?? parent.push, this, args);
      },
    close: (own, parent) =>
      function close(this: ClientHttp2Stream, ...args: unknown[]): unknown {
        const method = own ?? parent.close;
        const closing = active && !this.closed ? watcher.beforeClose(this) : undefined;
        if (closing === undefined) {
          return Reflect.apply(method, this, args);
        }
        try {
          return Reflect.apply(method, this, args);
        } finally {
          watcher.afterClose(closing);
        }
      },
  });
  return () => {
    active = false;
    putBack();
  };
}
