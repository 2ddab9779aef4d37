import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttp2Server, Http2ServerResponse } from 'node:http2';
import { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Hooks, wrap } from '../../src/httpsnoop/index.js';
import { connectHttp2, type Http2Answer, http2Request } from '../support/clients/http2-client.js';
import { RawClient, type RawResponse, rawRequest } from '../support/clients/raw-client.js';
import { notingHooks } from '../support/noting-hooks.js';
import { type Http2Handler, listen } from '../support/servers/capture-server.js';

function newResponse(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}

async function exchange(handler: RequestListener): Promise<RawResponse> {
  return rawRequest(await listen(createServer(handler)));
}

async function exchange2(handler: Http2Handler): Promise<Http2Answer> {
  const session = await connectHttp2(await listen(createHttp2Server(handler)));
  onTestFinished(() => session.destroy());
  return http2Request(session);
}

/** All that can be told of an object from outside, without its values that differ from one to the next. */
function shapeOf(object: object): unknown {
  const prototypes: unknown[] = [];
  for (let at: unknown = object; at !== null; at = Object.getPrototypeOf(at)) {
    prototypes.push(at);
  }
  const descriptors = Reflect.ownKeys(object).map((key) => {
    const { value, ...rest } = Object.getOwnPropertyDescriptor(object, key) ?? {};
    return [key, rest, typeof value === 'function' ? value : typeof value];
  });
  return { descriptors, prototypes: prototypes.slice(1), keys: Object.keys(object) };
}

describe('wrap', () => {
  it('gives back the very same object, still a ServerResponse', () => {
    const res = newResponse();
    const wrapped = wrap(res, notingHooks([]));
    expect(wrapped).toBe(res);
    expect(wrapped).toBeInstanceOf(ServerResponse);
    expect(Object.getPrototypeOf(wrapped)).toBe(ServerResponse.prototype);
  });

  it('calls each hook at once, with what it stands in front of, as a method of the hooks', () => {
    class CountingHooks implements Hooks {
      #calls = 0;
      write(next: Parameters<NonNullable<Hooks['write']>>[0]): typeof next {
        this.#calls++;
        return next;
      }
      get calls(): number {
        return this.#calls;
      }
    }
    const hooks = new CountingHooks();
    wrap(newResponse(), hooks);
    expect(hooks.calls).toBe(1);
  });

  it('lays its methods where no list of keys shows them', () => {
    const res = new ServerResponse(new IncomingMessage(new Socket()));
    const keys = Object.keys(res);
    wrap(res, notingHooks([]));
    expect(Object.hasOwn(res, 'end')).toBe(true);
    expect(Object.keys(res)).toEqual(keys);
  });

  it('ignores hooks for methods that an HTTP/1.1 response lacks', () => {
    const res = newResponse();
    const before = shapeOf(res);
    wrap(res, { createPushResponse: (next) => next });
    expect(shapeOf(res)).toEqual(before);
    expect('createPushResponse' in res).toBe(false);
  });

  it('ignores hooks for methods that an HTTP/2 response lacks', async () => {
    const seen: boolean[] = [];
    await exchange2((_req, res) => {
      wrap(res, { writeProcessing: (next) => next });
      seen.push('writeProcessing' in res, res instanceof Http2ServerResponse);
      res.end();
    });
    expect(seen).toEqual([false, true]);
  });

  it('runs the hooks of the last wrap first', async () => {
    const calls: string[] = [];
    const { body } = await exchange((_req, res) => {
      wrap(wrap(wrap(res, notingHooks(calls, ' 1')), notingHooks(calls, ' 2')), notingHooks(calls, ' 3'));
      res.end('hello');
    });
    expect(body.toString()).toBe('hello');
    const inTurn = (name: string): string[] => [`${name} 3`, `${name} 2`, `${name} 1`];
    expect(calls).toEqual([...inTurn('end'), ...inTurn('writeHead')]);
  });

  it('runs the same hooks as often as they were given', async () => {
    const calls: string[] = [];
    const hooks = notingHooks(calls);
    await exchange((_req, res) => wrap(wrap(res, hooks), hooks).end());
    expect(calls).toEqual(['end', 'end', 'writeHead', 'writeHead']);
  });

  it('keeps what is added to the response later, and what it keeps to itself', async () => {
    class PrivateResponse extends ServerResponse {
      #secret = 'secret';
      reveal(): string {
        return this.#secret;
      }
    }
    const server = createServer({ ServerResponse: PrivateResponse }, (_req, res) => {
      const wrapped = Object.assign(wrap(res, notingHooks([])), { json: () => '{}' });
      wrapped.end(`${wrapped.reveal()} ${wrapped.json()}`);
    });
    const { body } = await rawRequest(await listen(server));
    expect(body.toString()).toBe('secret {}');
  });

  it('follows a prototype that the response is given later, as by Express', async () => {
    const { body } = await exchange((_req, res) => {
      wrap(res, notingHooks([]));
      const own = Object.create(ServerResponse.prototype, {
        end: {
          value(this: ServerResponse, chunk: string) {
            return ServerResponse.prototype.end.call(this, chunk.toUpperCase(), 'utf8');
          },
        },
      });
      Object.setPrototypeOf(res, own).end('hello');
    });
    expect(body.toString()).toBe('HELLO');
  });

  it('changes nothing and throws a TypeError when a hook returns no function', () => {
    const res = newResponse();
    const before = shapeOf(res);
    const hooks = { end: (next: unknown) => next, write: () => undefined };
    expect(() => Reflect.apply(wrap, undefined, [res, hooks])).toThrow(
      new TypeError('The hook write must return a function'),
    );
    expect(shapeOf(res)).toEqual(before);
  });

  it('changes nothing and lets the error through when a hook throws', () => {
    const res = newResponse();
    const before = shapeOf(res);
    const error = new Error('no');
    const hooks: Hooks = {
      writeHead: (next) => next,
      write: () => {
        throw error;
      },
    };
    expect(() => wrap(res, hooks)).toThrow(error);
    expect(shapeOf(res)).toEqual(before);
  });
});

describe('without hooks', () => {
  const bare = (): Hooks => ({});

  it('nothing of the object changes', () => {
    const res = newResponse();
    const before = shapeOf(res);
    wrap(res, bare());
    expect(shapeOf(res)).toEqual(before);
  });

  it('the same bytes are sent and the same events come, in the same order', async () => {
    const runs = [false, true].map(async (wrapped) => {
      const events: unknown[] = [];
      const server = createServer((_req, res) => {
        if (wrapped) {
          wrap(res, bare());
        }
        const emit = res.emit.bind(res);
        res.emit = (name: string, ...args: unknown[]) => {
          events.push(name);
          return emit(name, ...args);
        };
        res.sendDate = false;
        res.write('hello', () => events.push('written'));
        res.end('world', () => events.push('ended'));
        events.push(res.headersSent, res.writableEnded, res.writableFinished, res.statusMessage);
      });
      const client = await RawClient.connect(await listen(server));
      client.send(['GET / HTTP/1.1', 'Host: localhost', 'Connection: close']);
      await client.closed();
      return { events, bytes: client.received.toString('latin1') };
    });
    const [without, withWrap] = await Promise.all(runs);
    expect(withWrap).toEqual(without);
    expect(without?.events).toContain('close');
  });

  it('nothing of an HTTP/2 response changes', async () => {
    const shapes: unknown[] = [];
    await exchange2((_req, res) => {
      shapes.push(shapeOf(res));
      wrap(res, bare());
      shapes.push(shapeOf(res));
      res.end();
    });
    expect(shapes[1]).toEqual(shapes[0]);
  });
});
