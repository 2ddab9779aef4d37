import type { Agent } from 'node:http';
import type { Stop } from '../../patch/descriptor.js';
import type { Method } from '../../patch/method.js';
import { overlayPrototype } from '../../patch/overlay.js';

// Each request calls these, some of them several times. Each is written out: V8 learns for each function of the source,
// and one function for all of them, which finds what lies below by a name from a variable, takes several times the
// instructions. None stands on the stack but the method itself, and each asks first whether its watcher has to know.

interface RequestMethods {
  readonly emit: Method;
  readonly getHeader: Method;
  readonly _storeHeader: Method;
  readonly _send: Method;
  readonly onSocket: Method;
}

interface AskedAgent extends Agent {
  readonly addRequest?: unknown;
}

/** What is asked of a request before its watcher is called. */
interface WatchedRequest {
  readonly agent?: AskedAgent | null;
  readonly socket?: unknown;
  readonly _headerSent?: unknown;
}

/** Who looks on at requests. Nothing of it may throw. */
export interface RequestWatcher {
  /**
   * Node is about to ask for a connection for a new request, or makes the head of one that we have not seen. Not called
   * for a request that asks one of Node's agents: see `AgentWatcher`.
   */
  beforeConnection(request: object): void;
  /** A request that has its socket sends its first bytes. */
  beforeFirstSend(request: object): void;
  /** A request is given its connection, or the error for which there is none. */
  beforeSocket(request: object, socket: unknown): void;
}

/** Who looks on at the events of requests and their responses. Nothing of it may throw. */
export interface EventWatcher {
  /** Those of requests that it is told of. */
  readonly requestEvents: ReadonlySet<unknown>;
  /**
   * Not with all arguments as they came: to make an array of them that outlives the call costs each event.
   *
   * @param message A request; or what may be its response.
   * @param event Of a response `end`, when all of it was read; and `push`, when Node's parser hands over a part of its
   * body: still encoded, before anybody reads it, and whether anybody ever does.
   */
  beforeEvent(message: object, event: unknown, value: unknown): void;
}

/**
 * @param prototype That of Node's requests.
 * @param agents That of Node's agents. What it has is read at each call: it may be patched after us.
 */
export function watchRequests(
  prototype: object,
  agents: AskedAgent,
  watcher: RequestWatcher,
  events: EventWatcher,
): Stop {
  let active = true;
  const putBack = overlayPrototype<RequestMethods>(prototype, {
    emit: (own, parent) =>
      function emit(this: object, ...args: unknown[]): unknown {
        if (active && events.requestEvents.has(args[0])) {
          events.beforeEvent(this, args[0], args[1]);
        }
        return Reflect.apply(own ?? parent.emit, this, args);
      },
    // The last thing that Node does for a new request before it asks for a connection: it looks whether the request is
    // to `Expect` something, or makes the head of one that was given its headers as an array.
    getHeader: (own, parent) =>
      function getHeader(this: WatchedRequest, ...args: unknown[]): unknown {
        if (args[0] === 'expect' && active && this.agent?.addRequest !== agents.addRequest) {
          watcher.beforeConnection(this);
        }
        return Reflect.apply(own ?? parent.getHeader, this, args);
      },
    _storeHeader: (own, parent) =>
      function _storeHeader(this: WatchedRequest, ...args: unknown[]): unknown {
        const result = Reflect.apply(own ?? parent._storeHeader, this, args);
        if (active && this.agent?.addRequest !== agents.addRequest) {
          watcher.beforeConnection(this);
        }
        return result;
      },
    _send: (own, parent) =>
      function _send(this: WatchedRequest, ...args: unknown[]): unknown {
        if (active && this.socket && !this._headerSent) {
          watcher.beforeFirstSend(this);
        }
        return Reflect.apply(own ?? parent._send, this, args);
      },
    onSocket: (own, parent) =>
      function onSocket(this: object, ...args: unknown[]): unknown {
        if (active) {
          watcher.beforeSocket(this, args[0]);
        }
        return Reflect.apply(own ?? parent.onSocket, this, args);
      },
  });
  return () => {
    active = false;
    putBack();
  };
}

/** Who looks on when a request asks one of Node's agents for a connection. Nothing of it may throw. */
export interface AgentWatcher<Token> {
  beforeAdd(agent: Agent, request: unknown, options: unknown): Token;
  /** @param returned As `watchMethod` has it. */
  afterAsking(token: Token, returned: boolean): void;
}

export function watchAgents<Token>(prototype: Agent, watcher: AgentWatcher<Token>): Stop {
  let active = true;
  const putBack = overlayPrototype<{ readonly addRequest: Method }>(prototype, {
    addRequest: (own, parent) =>
      function addRequest(this: Agent, ...args: unknown[]): unknown {
        const method = own ?? parent.addRequest;
        if (!active) {
          return Reflect.apply(method, this, args);
        }
        const token = watcher.beforeAdd(this, args[0], args[1]);
        let returned = false;
        try {
          const result = Reflect.apply(method, this, args);
          returned = true;
          return result;
        } finally {
          watcher.afterAsking(token, returned);
        }
      },
  });
  return () => {
    active = false;
    putBack();
  };
}

interface MessageMethods {
  readonly emit: Method;
  readonly push: Method;
}

/** @param prototype That of Node's responses, which they have in common with the requests of servers. */
export function watchMessages(prototype: object, watcher: EventWatcher): Stop {
  let active = true;
  const putBack = overlayPrototype<MessageMethods>(prototype, {
    emit: (own, parent) =>
      function emit(this: object, ...args: unknown[]): unknown {
        if (args[0] === 'end' && active) {
          watcher.beforeEvent(this, 'end', undefined);
        }
        return Reflect.apply(own ?? parent.emit, this, args);
      },
    push: (own, parent) =>
      function push(this: object, ...args: unknown[]): unknown {
        // `null` says that no more will come.
        if (args[0] !== null && active) {
          watcher.beforeEvent(this, 'push', args[0]);
        }
        return Reflect.apply(own ?? parent.push, this, args);
      },
  });
  return () => {
    active = false;
    putBack();
  };
}
