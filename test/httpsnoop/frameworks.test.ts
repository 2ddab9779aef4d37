import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { connect as connectSecurely, createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import connect from 'connect';
import express from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import Koa from 'koa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { captureMetrics, captureMetricsFn, type Metrics } from '../../src/httpsnoop/index.js';
import { http2Request } from '../support/clients/http2-client.js';
import { RawClient, type RawResponse, rawRequest } from '../support/clients/raw-client.js';
import { listen } from '../support/servers/capture-server.js';

const CERTS = join(__dirname, '..', 'certs');
const FILE = __filename;
const FILE_LENGTH = readFileSync(FILE).length;

describe('Express 5', () => {
  function app(): express.Express {
    const router = express();
    router.get('/json', (_req, res) => void res.status(201).json({ a: 'ü' }));
    router.get('/file', (_req, res) => res.sendFile(FILE));
    router.get('/empty', (_req, res) => void res.sendStatus(204));
    router.get('/fails', () => {
      throw new Error('boom');
    });
    router.use((_error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      res.status(503).send('sorry');
    });
    return router;
  }

  const cases: readonly { requestLine: string; headers?: string[]; code: number; written: number }[] = [
    { requestLine: 'GET /json HTTP/1.1', code: 201, written: 10 },
    { requestLine: 'GET /file HTTP/1.1', code: 200, written: FILE_LENGTH },
    { requestLine: 'GET /file HTTP/1.1', headers: ['Range: bytes=3-7'], code: 206, written: 5 },
    { requestLine: 'HEAD /file HTTP/1.1', code: 200, written: 0 },
    { requestLine: 'GET /empty HTTP/1.1', code: 204, written: 0 },
    { requestLine: 'GET /fails HTTP/1.1', code: 503, written: 5 },
  ];

  it.each(cases)('$requestLine gives $code and $written bytes', async (one) => {
    const { requestLine, headers, code, written } = one;
    const results: Promise<Metrics>[] = [];
    const router = app();
    const server = createServer((req, res) => results.push(captureMetrics(router, req, res)));
    const response = await rawRequest(await listen(server), requestLine, headers);
    expect(await results[0]).toMatchObject({ code, written });
    expect([response.status, response.body.length]).toEqual([code, written]);
  });

  it('is captured as a middleware too', async () => {
    const results: Promise<Metrics>[] = [];
    const router = express();
    router.use((_req, res, next) => {
      results.push(captureMetricsFn(res, () => next()));
    });
    router.use(app());
    const response = await rawRequest(await listen(createServer(router)), 'GET /json HTTP/1.1');
    expect(await results[0]).toMatchObject({ code: 201, written: 10 });
    expect(response.body.length).toBe(10);
  });
});

describe('Connect', () => {
  it('is captured', async () => {
    const results: Promise<Metrics>[] = [];
    const app = connect().use((_req, res) => void res.writeHead(202).end('hello'));
    const server = createServer((req, res) => results.push(captureMetrics(app, req, res)));
    const response = await rawRequest(await listen(server));
    expect(await results[0]).toMatchObject({ code: 202, written: 5 });
    expect([response.status, response.body.length]).toEqual([202, 5]);
  });
});

describe('Koa', () => {
  it.each([
    ['a string', 'grüße', 7],
    ['a stream', (): Readable => Readable.from(['hello', 'world']), 10],
    ['JSON', { a: 1 }, 7],
  ])('is captured with %s', async (_name, body, written) => {
    const results: Promise<Metrics>[] = [];
    const app = new Koa();
    app.use((ctx) => {
      ctx.status = 203;
      ctx.body = typeof body === 'function' ? body() : body;
    });
    const callback = app.callback();
    const server = createServer((req, res) => results.push(captureMetrics(callback, req, res)));
    const response = await rawRequest(await listen(server));
    expect(await results[0]).toMatchObject({ code: 203, written });
    expect([response.status, response.body.length]).toEqual([203, written]);
  });
});

describe('Fastify 5', () => {
  function instance(results: Promise<Metrics>[]): FastifyInstance {
    const app = fastify();
    onTestFinished(() => app.close());
    app.addHook('onRequest', (_request, reply, done) => {
      results.push(captureMetricsFn(reply.raw, () => done()));
    });
    app.get('/json', async (_request, reply) => reply.code(201).send({ a: 'ü' }));
    app.get('/stream', (_request, reply) => reply.send(Readable.from(['hello', 'world'])));
    app.get('/fails', async () => {
      throw new Error('boom');
    });
    return app;
  }

  it.each([
    ['/json', 201, 10],
    ['/stream', 200, 10],
    ['/fails', 500, 67],
  ])('%s gives %i and %i bytes', async (path, code, written) => {
    const results: Promise<Metrics>[] = [];
    const app = instance(results);
    const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
    const response = await rawRequest(port, `GET ${path} HTTP/1.1`);
    expect(await results[0]).toMatchObject({ code, written });
    expect([response.status, response.body.length]).toEqual([code, written]);
  });

  it('is captured when a request is injected without a socket', async () => {
    const results: Promise<Metrics>[] = [];
    const app = instance(results);
    const response = await app.inject('/json');
    expect(await results[0]).toMatchObject({ code: 201, written: 10 });
    expect(response.body).toBe('{"a":"ü"}');
  });
});

describe('TLS', () => {
  const certificate = {
    cert: readFileSync(join(CERTS, 'localhost.pem')),
    key: readFileSync(join(CERTS, 'localhost.key')),
  };
  const ca = readFileSync(join(CERTS, 'ca.pem'));

  async function rawTlsRequest(port: number): Promise<RawResponse | undefined> {
    const client = await RawClient.connectTls(port, ca);
    client.send(['GET / HTTP/1.1', 'Host: localhost', 'Connection: close']);
    return (await client.responses('GET'))[0];
  }

  it('is captured with node:https', async () => {
    const results: Promise<Metrics>[] = [];
    const answer: RequestListener = (_req, res) => res.writeHead(201).end('grüße');
    const server = createHttpsServer(certificate, (req, res) => {
      results.push(captureMetrics(answer, req, res));
    });
    const response = await rawTlsRequest(await listen(server));
    expect(await results[0]).toMatchObject({ code: 201, written: 7 });
    expect([response?.status, response?.body.length]).toEqual([201, 7]);
  });

  it('is captured with node:http2, for both versions on one port', async () => {
    const results: Promise<Metrics>[] = [];
    const server = createSecureServer({ ...certificate, allowHTTP1: true }, (req, res) => {
      results.push(captureMetrics((_req, same) => same.writeHead(201).end('grüße'), req, res));
    });
    const port = await listen(server);
    const response = await rawTlsRequest(port);
    const session = connectSecurely(`https://127.0.0.1:${port}`, { ca, servername: 'localhost' });
    onTestFinished(() => session.destroy());
    const answer = await http2Request(session);
    expect(await results[0]).toMatchObject({ code: 201, written: 7 });
    expect(await results[1]).toMatchObject({ code: 201, written: 7 });
    expect([response?.body.length, answer.body.length]).toEqual([7, 7]);
  });
});
