import type { Stop } from '../../patch/descriptor.js';
import type { Method } from '../../patch/method-layer.js';
import { type Watch, watchByHand } from '../../patch/watch-method.js';

// Each request calls these, some of them several times, and each is written out: see `watchByHand`.

type Look = (self: object, args: readonly unknown[]) => void;

interface Parent {
  readonly emit: Method;
  readonly push: Method;
  readonly getHeader: Method;
  readonly _storeHeader: Method;
  readonly _send: Method;
}

export function watchEmit(prototype: object, look: Look): Stop {
  return watchByHand<Parent>(prototype, 'emit', (watch: Watch<Parent>) => {
    return function emit(this: object, ...args: unknown[]): unknown {
      if (watch.active) {
        look(this, args);
      }
      return Reflect.apply(watch.own ?? watch.parent.emit, this, args);
    };
  });
}

export function watchMessageEmit(prototype: object, look: Look): Stop {
  return watchByHand<Parent>(prototype, 'emit', (watch) => {
    return function emit(this: object, ...args: unknown[]): unknown {
      if (watch.active && args[0] === 'end') {
        look(this, args);
      }
      return Reflect.apply(watch.own ?? watch.parent.emit, this, args);
    };
  });
}

export function watchPush(prototype: object, look: Look): Stop {
  return watchByHand<Parent>(prototype, 'push', (watch) => {
    return function push(this: object, ...args: unknown[]): unknown {
      if (watch.active) {
        look(this, args);
      }
      return Reflect.apply(watch.own ?? watch.parent.push, this, args);
    };
  });
}

export function watchSend(prototype: object, look: Look): Stop {
  return watchByHand<Parent>(prototype, '_send', (watch) => {
    return function _send(this: object, ...args: unknown[]): unknown {
      if (watch.active) {
        look(this, args);
      }
      return Reflect.apply(watch.own ?? watch.parent._send, this, args);
    };
  });
}

/**
 * The last thing that Node does for a new request before it asks for a connection: it looks whether the request is to
 * `Expect` something, or makes the head of one that was given its headers as an array.
 */
export function watchCreation(prototype: object, look: (request: object) => void): Stop[] {
  return [
    watchByHand<Parent>(prototype, 'getHeader', (watch) => {
      return function getHeader(this: object, ...args: unknown[]): unknown {
        if (args[0] === 'expect' && watch.active) {
          look(this);
        }
        return Reflect.apply(watch.own ?? watch.parent.getHeader, this, args);
      };
    }),
    watchByHand<Parent>(prototype, '_storeHeader', (watch) => {
      return function _storeHeader(this: object, ...args: unknown[]): unknown {
        const result = Reflect.apply(watch.own ?? watch.parent._storeHeader, this, args);
        if (watch.active) {
          look(this);
        }
        return result;
      };
    }),
  ];
}
