import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SpanKind, trace } from '@opentelemetry/api';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import compression from 'compression';
import session from 'express-session';
import fastify from 'fastify';
import Koa from 'koa';
import morgan from 'morgan';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { rawRequest } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();
const express: typeof import('express') = (() => {
  const instrumentation = new ExpressInstrumentation();
  afterAll(() => instrumentation.disable());
  return createRequire(__filename)('express');
})();

function here(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

describe('Express 5', () => {
  test('fills http.route through its instrumentation, and its handlers run in the trace', async () => {
    served.record();
    const seen: (string | undefined)[] = [];
    const app = express();
    app.use(async (_req, _res, next) => {
      await null;
      seen.push(here());
      next();
    });
    const users = express.Router();
    users.get('/:id', async (req, res) => {
      await null;
      seen.push(here());
      res.json({ id: req.params.id });
    });
    app.use('/users', users);
    const { body } = await rawRequest(await listen(createServer(app)), 'GET /users/7?x=1 HTTP/1.1');
    const span = await served.only();
    expect(span.name).toBe('GET /users/:id');
    expect(span.attributes).toMatchObject({
      'http.route': '/users/:id',
      'http.response.status_code': 200,
      'http.response.body.size': body.length,
    });
    const { traceId } = span.spanContext();
    expect(seen).toEqual([traceId, traceId]);
  });

  test('answers with its own error page when a handler rejects', async () => {
    served.record();
    const app = express();
    app.set('env', 'test');
    app.get('/', async () => {
      throw new Error('no');
    });
    const { status, body } = await rawRequest(await listen(createServer(app)));
    expect(status).toBe(500);
    const span = await served.only();
    expect(span.attributes).toMatchObject({ 'error.type': '500', 'http.response.body.size': body.length });
  });

  test('sends files, and works with what patches its responses', async () => {
    served.record();
    const app = express();
    app.use(morgan('tiny', { stream: { write: () => undefined } }));
    app.use(compression({ threshold: 0 }));
    app.use(session({ secret: 's', resave: false, saveUninitialized: true }));
    app.get('/', (_req, res) => res.sendFile(join(__dirname, '..', '..', '..', 'package.json')));
    const { status, headers, body } = await rawRequest(await listen(createServer(app)), 'GET / HTTP/1.1', [
      'Accept-Encoding: gzip',
    ]);
    expect(status).toBe(200);
    expect(headers.get('content-encoding')).toBe('gzip');
    expect(headers.has('set-cookie')).toBe(true);
    expect((await served.only()).attributes['http.response.body.size']).toBe(body.length);
  });
});

describe('Fastify 5', () => {
  async function serve(app: ReturnType<typeof fastify>): Promise<number> {
    onTestFinished(() => app.close());
    await app.ready();
    await app.listen({ port: 0, host: '127.0.0.1' });
    const address = app.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  test('is recorded, and its handlers and hooks run in the trace', async () => {
    served.record();
    const seen: (string | undefined)[] = [];
    const app = fastify();
    app.addHook('onRequest', async () => void seen.push(here()));
    app.addHook('onResponse', async () => void seen.push(here()));
    app.post('/', async (request) => {
      seen.push(here());
      return request.body;
    });
    const port = await serve(app);
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json', connection: 'close' },
    });
    expect(await response.json()).toEqual({ a: 1 });
    const span = await served.only();
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'http.response.body.size': 7 });
    const { traceId } = span.spanContext();
    expect(seen).toEqual([traceId, traceId, traceId]);
  });
});

describe('Koa', () => {
  test('is recorded, and its middleware runs in the trace', async () => {
    served.record();
    const seen: (string | undefined)[] = [];
    const app = new Koa();
    app.use(async (_ctx, next) => {
      await next();
      seen.push(here());
    });
    app.use(async (ctx) => {
      await null;
      seen.push(here());
      ctx.body = 'grüß';
    });
    const server: Server = createServer(app.callback());
    await rawRequest(await listen(server));
    const span = await served.only();
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'http.response.body.size': 6 });
    const { traceId } = span.spanContext();
    expect(seen).toEqual([traceId, traceId]);
  });

  test('has its error when a middleware throws', async () => {
    served.record();
    const app = new Koa();
    app.silent = true;
    app.use(() => {
      throw new Error('no');
    });
    const { status } = await rawRequest(await listen(createServer(app.callback())));
    expect(status).toBe(500);
    expect((await served.only()).attributes['error.type']).toBe('500');
  });
});

test('nothing but SERVER spans is made by us', async () => {
  served.record();
  await rawRequest(await listen(createServer((_req, res) => res.end())));
  expect((await served.only()).kind).toBe(SpanKind.SERVER);
});
