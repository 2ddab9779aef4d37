import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import connect from 'connect';
import express from 'express';
import type { FastifyReply } from 'fastify';
import Koa from 'koa';
import { describe, expectTypeOf, it } from 'vitest';
import {
  captureMetrics,
  captureMetricsFn,
  type Hooks,
  type Metrics,
  unwrap,
  wrap,
} from '../../src/httpsnoop/index.js';

// What the compiler has to accept; vitest runs none of the callbacks.
describe('the types', () => {
  it('take hooks that hand everything on', () => {
    const hooks: Required<Hooks> = {
      setHeader:
        (next) =>
        (...args) =>
          next(...args),
      writeHead:
        (next) =>
        (...args) =>
          next(...args),
      write:
        (next) =>
        (...args) =>
          next(...args),
      end:
        (next) =>
        (...args) =>
          next(...args),
      flushHeaders:
        (next) =>
        (...args) =>
          next(...args),
      writeContinue:
        (next) =>
        (...args) =>
          next(...args),
      writeProcessing:
        (next) =>
        (...args) =>
          next(...args),
      writeEarlyHints:
        (next) =>
        (...args) =>
          next(...args),
      createPushResponse:
        (next) =>
        (...args) =>
          next(...args),
    };
    expectTypeOf(hooks).toExtend<Hooks>();
  });

  it('take hooks that name their arguments, all, some or none', () => {
    const hooks: Hooks = {
      setHeader: (next) => (name, value) => next(name.toLowerCase(), value),
      writeHead: (next) => (code, message, headers) => next(code, message, headers),
      write: (next) => (chunk, encoding, callback) => next(chunk, encoding, callback),
      end:
        (next) =>
        (chunk, ...rest) =>
          next(chunk, ...rest),
      flushHeaders: (next) => () => next(),
    };
    const counting: Hooks = {
      write: (next) => (chunk) => next(Buffer.from(chunk)),
      end: (next) => () => next(),
      writeHead: () => next418,
    };
    expectTypeOf(hooks).toEqualTypeOf(counting);
  });

  it('take hooks that are methods of a class', () => {
    class Counting implements Hooks {
      calls = 0;
      write(next: WriteFunc): WriteFunc {
        return (...args) => {
          this.calls++;
          return next(...args);
        };
      }
    }
    expectTypeOf<Counting>().toExtend<Hooks>();
  });

  it('give back the type of the response that they were given', () => {
    type Http1 = ServerResponse<IncomingMessage>;
    expectTypeOf(wrap<Http1>).returns.toEqualTypeOf<Http1>();
    expectTypeOf(wrap<Http2ServerResponse>).returns.toEqualTypeOf<Http2ServerResponse>();
    expectTypeOf(wrap<express.Response>).returns.toEqualTypeOf<express.Response>();
    expectTypeOf(unwrap<Http1>).returns.toEqualTypeOf<Http1>();
    expectTypeOf<FastifyReply['raw']>().toExtend<Parameters<typeof wrap>[0]>();
  });

  it('capture any kind of handler', () => {
    const listener: RequestListener = (_req, res) => res.end();
    const app = express();
    const middleware = connect();
    const koa = new Koa().callback();
    const servers = [
      createServer((req, res) => captureMetrics(listener, req, res)),
      createServer((req, res) => captureMetrics(app, req, res)),
      createServer((req, res) => captureMetrics(middleware, req, res)),
      createServer((req, res) => captureMetrics(koa, req, res)),
      createServer((req, res) => captureMetrics(async (r, s) => s.end(r.url), req, res)),
      createHttp2Server((req, res) => captureMetrics(answer2, req, res)),
      createHttp2Server((req, res) => captureMetrics((r, s) => s.end(r.authority), req, res)),
    ];
    expectTypeOf(servers).toBeArray();
    app.use((req, res, next) => {
      expectTypeOf(captureMetrics(() => next(), req, res)).toEqualTypeOf<Promise<Metrics>>();
    });
  });

  it('hand the response on as it is', () => {
    const capture = (res: express.Response): Promise<Metrics> =>
      captureMetricsFn(res, (same) => {
        expectTypeOf(same).toEqualTypeOf<express.Response>();
      });
    expectTypeOf(capture).returns.resolves.toEqualTypeOf<Metrics>();
  });

  it('refuse what is no response, no hook, or no function', () => {
    // @ts-expect-error: a response is needed.
    expectTypeOf(wrap).toBeCallableWith({}, {});
    // @ts-expect-error: a hook gives back a function.
    expectTypeOf<{ write: () => boolean }>().toExtend<Hooks>();
    // @ts-expect-error: write tells whether to go on.
    expectTypeOf<{ write: (next: WriteFunc) => () => void }>().toExtend<Hooks>();
  });
});

type WriteFunc = Parameters<NonNullable<Hooks['write']>>[0];
type WriteHeadFunc = Parameters<NonNullable<Hooks['writeHead']>>[0];

declare const next418: WriteHeadFunc;
declare const answer2: (req: Http2ServerRequest, res: Http2ServerResponse) => void;
