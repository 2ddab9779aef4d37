import { Socket } from 'node:net';
import { watchMethod } from '../../patch/watch-method.js';
import type { Report, Stop } from '../request-trace.js';
import { guarded } from '../subscribe.js';

/**
 * Finds the class of the sessions of clients, which Node does not export: at once if `node:http2` is loaded, else when
 * the first session is made. Loading it takes some 20 ms, which a program that does not use it must not pay.
 *
 * @param found Called once, with the prototype that all sessions of clients share, older ones included.
 */
export function whenSessionsExist(found: (prototype: object) => void, report: Report): Stop {
  if (isLoaded()) {
    tellPrototype(found);
    return () => undefined;
  }
  const tell = guarded(
    'the first session of HTTP/2',
    () => {
      if (isLoaded()) {
        stop();
        tellPrototype(found);
      }
    },
    report,
  );
  // The constructor of each session calls this method, and hardly anybody else does.
  const stop = watchMethod(Socket.prototype, 'setNoDelay', tell);
  return stop;
}

function isLoaded(): boolean {
  const loaded: unknown = Reflect.get(process, 'moduleLoadList');
  return !Array.isArray(loaded) || loaded.includes('NativeModule http2');
}

const FOUND = new Error('found');

/** The constructor of a session sets itself on its socket first of all. An error thrown there ends it. */
function tellPrototype(found: (prototype: object) => void): void {
  let prototype: object | undefined;
  const socket = new Proxy(new Socket(), {
    get: () => undefined,
    set(_socket, _key, session: object) {
      prototype = Object.getPrototypeOf(session) as object;
      throw FOUND;
    },
  });
  try {
    process.getBuiltinModule('node:http2').connect('http://localhost', { createConnection: () => socket });
  } catch (error) {
    if (error !== FOUND) {
      throw error;
    }
  }
  if (prototype !== undefined) {
    found(prototype);
  }
}
