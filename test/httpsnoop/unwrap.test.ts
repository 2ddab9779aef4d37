import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { captureMetrics, type Metrics, unwrap, wrap } from '../../src/httpsnoop/index.js';
import { rawRequest } from '../support/clients/raw-client.js';
import { notingHooks } from '../support/noting-hooks.js';
import { listen } from '../support/servers/capture-server.js';

function newResponse(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}

type Write = (this: unknown, ...args: unknown[]) => unknown;
type Patchable = Record<'write', Write>;

/** Patches `write` the way libraries do, and tells how to take that off again. */
function patchWrite(res: object, calls: string[], mark: string): () => void {
  const patchable = res as Patchable;
  const write = patchable.write;
  patchable.write = function (...args) {
    calls.push(`write ${mark}`);
    return write.apply(this, args);
  };
  return () => {
    patchable.write = write;
  };
}

describe('unwrap', () => {
  it('gives back the very same object, with its own properties as they were', () => {
    const res = newResponse();
    const before = Object.getOwnPropertyDescriptors(res);
    expect(unwrap(wrap(res, notingHooks([])))).toBe(res);
    expect(Object.getOwnPropertyDescriptors(res)).toEqual(before);
    expect(res.write).toBe(ServerResponse.prototype.write);
  });

  it('takes all layers off', () => {
    const calls: string[] = [];
    const res = newResponse();
    const before = Reflect.ownKeys(res);
    unwrap(wrap(wrap(res, notingHooks(calls)), notingHooks(calls)));
    expect(Reflect.ownKeys(res)).toEqual(before);
    res.end('hello');
    expect(calls).toEqual([]);
  });

  it('restores a property of the response itself to the very descriptor', () => {
    const res = newResponse();
    const write = (): boolean => true;
    const descriptor = { value: write, writable: true, enumerable: false, configurable: true };
    Object.defineProperty(res, 'write', descriptor);
    wrap(res, notingHooks([]));
    expect(res.write).not.toBe(write);
    unwrap(res);
    expect(Object.getOwnPropertyDescriptor(res, 'write')).toEqual(descriptor);
  });

  it('leaves a patch of somebody else that lies below ours', () => {
    const calls: string[] = [];
    const res = newResponse();
    patchWrite(res, calls, 'theirs');
    const { write } = res;
    unwrap(wrap(res, notingHooks(calls)));
    expect(res.write).toBe(write);
    res.write('hello');
    expect(calls).toEqual(['write theirs']);
  });

  it('leaves a patch of somebody else that lies on top, and no longer runs below it', () => {
    const calls: string[] = [];
    const res = wrap(newResponse(), notingHooks(calls, ' ours'));
    patchWrite(res, calls, 'theirs');
    const { write } = res;
    unwrap(res);
    expect(res.write).toBe(write);
    expect(res.write('hello')).toBe(true);
    expect(calls).toEqual(['write theirs']);
  });

  it('leaves a patch of somebody else between two of ours', () => {
    const calls: string[] = [];
    const res = wrap(newResponse(), notingHooks(calls, ' inner'));
    patchWrite(res, calls, 'theirs');
    const { write } = res;
    wrap(res, notingHooks(calls, ' outer'));
    unwrap(res);
    expect(res.write).toBe(write);
    res.write('hello');
    expect(calls).toEqual(['write theirs']);
  });

  it('stays off when somebody else puts back what they found', () => {
    const calls: string[] = [];
    const res = wrap(newResponse(), notingHooks(calls, ' ours'));
    const undo = patchWrite(res, calls, 'theirs');
    unwrap(res);
    undo();
    expect(res.write('hello')).toBe(true);
    expect(calls).toEqual([]);
  });

  it('does not take a patch back on that somebody else removed together with ours', () => {
    const calls: string[] = [];
    const res = newResponse();
    const undo = patchWrite(res, calls, 'theirs');
    wrap(res, notingHooks(calls));
    undo();
    unwrap(res);
    expect(res.write).toBe(ServerResponse.prototype.write);
  });

  it('lets a response be wrapped again, below and above what stayed', () => {
    const calls: string[] = [];
    const res = wrap(newResponse(), notingHooks(calls, ' first'));
    patchWrite(res, calls, 'theirs');
    unwrap(res);
    wrap(res, notingHooks(calls, ' second'));
    res.writeHead(200);
    res.write('hello');
    expect(calls).toEqual(['writeHead second', 'write second', 'write theirs']);
    unwrap(res);
    res.write('hello');
    expect(calls.slice(3)).toEqual(['write theirs']);
  });

  it('leaves alone what was never wrapped', () => {
    const res = newResponse();
    const before = Object.getOwnPropertyDescriptors(res);
    expect(unwrap(res)).toBe(res);
    expect(Object.getOwnPropertyDescriptors(res)).toEqual(before);
    for (const value of [undefined, null, 'response', 7]) {
      expect(unwrap(value)).toBe(value);
    }
  });

  it('twice does no more than once', () => {
    const calls: string[] = [];
    const res = unwrap(unwrap(wrap(newResponse(), notingHooks(calls))));
    res.end('hello');
    expect(calls).toEqual([]);
  });

  it('in the middle of a response lets the rest go on without the hooks', async () => {
    const calls: string[] = [];
    const server = createServer((_req, res) => {
      wrap(res, notingHooks(calls));
      res.write('hello');
      unwrap(res);
      res.end('world');
    });
    const { body } = await rawRequest(await listen(server));
    expect(body.toString()).toBe('helloworld');
    expect(calls).toEqual(['write', 'writeHead']);
  });

  it('does not end what captureMetrics counts, whichever came first', async () => {
    const results: Promise<Metrics>[] = [];
    const server = createServer((req, res) => {
      wrap(res, notingHooks([]));
      const handler = (): void => {
        wrap(res, notingHooks([]));
        unwrap(res);
        res.writeHead(201).end('hello');
      };
      results.push(captureMetrics(handler, req, res));
    });
    await rawRequest(await listen(server));
    expect(await results[0]).toMatchObject({ code: 201, written: 5 });
  });
});
