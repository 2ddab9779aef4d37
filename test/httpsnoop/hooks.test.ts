import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { wrap } from '../../src/httpsnoop/index.js';
import { connectHttp2, type Http2Answer, http2Request } from '../support/clients/http2-client.js';
import { type RawResponse, rawRequest } from '../support/clients/raw-client.js';
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

describe('a hooked method', () => {
  it('sends what the hook made of it', async () => {
    const { status, body, headers } = await exchange((_req, res) => {
      wrap(res, {
        setHeader: (next) => (name, value) => next(`X-${name}`, value),
        writeHead:
          (next) =>
          (_code, ...rest) =>
            next(418, ...rest),
        write:
          (next) =>
          (chunk, ...rest) =>
            next(String(chunk).toUpperCase(), ...rest),
        end: (next) => () => next('!'),
      });
      res.setHeader('Name', 'value');
      res.write('hello');
      res.end();
    });
    expect({ status, body: body.toString(), name: headers.get('x-name') }).toEqual({
      status: 418,
      body: 'HELLO!',
      name: 'value',
    });
  });

  it('has the response as this, and returns what the hook returns', () => {
    const res = newResponse();
    const seen: unknown[] = [];
    wrap(res, {
      write: () =>
        function (this: unknown) {
          seen.push(this);
          return false;
        },
    });
    expect(res.write('hello')).toBe(false);
    expect(seen[0]).toBe(res);
  });

  it('gives the hook all that it was called with', () => {
    const seen: unknown[] = [];
    const res = wrap(newResponse(), {
      write:
        () =>
        (...args) => {
          seen.push(args);
          return true;
        },
    });
    const callback = (): undefined => undefined;
    res.write('hello', 'latin1', callback);
    res.write('hello', callback);
    res.write('hello');
    expect(seen).toEqual([['hello', 'latin1', callback], ['hello', callback], ['hello']]);
  });

  it('throws what Node throws, and what the hook throws', () => {
    const res = wrap(newResponse(), {
      ...notingHooks([]),
      end: () => () => {
        throw new Error('from the hook');
      },
    });
    expect(() => res.writeHead(99)).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP_INVALID_STATUS_CODE' }),
    );
    expect(() => res.end()).toThrow('from the hook');
  });

  it('returns what Node returns', () => {
    const res = wrap(newResponse(), notingHooks([]));
    expect(res.setHeader('X-A', 'b')).toBe(res);
    expect(res.writeHead(200)).toBe(res);
    expect(res.write('hello')).toBe(true);
    expect(res.end()).toBe(res);
  });

  it('hands every other method of HTTP/1.1 on too', async () => {
    const calls: string[] = [];
    const { informational, body } = await exchange((_req, res) => {
      wrap(res, notingHooks(calls));
      res.writeContinue();
      res.writeProcessing();
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.setHeader('X-A', 'b');
      res.flushHeaders();
      res.write('hello');
      res.end();
    });
    expect(informational).toEqual([100, 102, 103]);
    expect(body.toString()).toBe('hello');
    expect(calls).toEqual([
      'writeContinue',
      'writeProcessing',
      'writeEarlyHints',
      'setHeader',
      'flushHeaders',
      'writeHead',
      'write',
      'end',
    ]);
  });

  it('hands every method of HTTP/2 on too, where end(chunk) calls write', async () => {
    const calls: string[] = [];
    const { informational, body } = await exchange2((_req, res) => {
      wrap(res, notingHooks(calls));
      res.writeContinue();
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.setHeader('X-A', 'b');
      res.createPushResponse({ ':path': '/a.css' }, (_error, pushed) => pushed?.end());
      res.end('hello');
    });
    expect(informational).toEqual([100, 103]);
    expect(body.toString()).toBe('hello');
    expect(calls).toEqual([
      'writeContinue',
      'writeEarlyHints',
      'setHeader',
      'createPushResponse',
      'end',
      'write',
      'writeHead',
    ]);
  });

  it('runs after the head was sent', async () => {
    const calls: string[] = [];
    const { body } = await exchange((_req, res) => {
      res.writeHead(200);
      res.write('hello');
      wrap(res, notingHooks(calls));
      expect(() => res.setHeader('X-A', 'b')).toThrow(
        expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }),
      );
      res.write('world');
      res.end();
    });
    expect(body.toString()).toBe('helloworld');
    expect(calls).toEqual(['setHeader', 'write', 'end']);
  });
});
