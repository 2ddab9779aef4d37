import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { captureMetrics, type Metrics } from '../../src/httpsnoop/index.js';
import { connectHttp2 } from '../support/clients/http2-client.js';
import { RawClient } from '../support/clients/raw-client.js';
import { captureHttp2Server, captureServer, listen } from '../support/servers/capture-server.js';

const REQUEST = ['GET / HTTP/1.1', 'Host: localhost'];

/** More than the buffers between two sockets take. */
const LARGE = Buffer.alloc(64 * 1024 * 1024);

describe('a response over HTTP/1.1 that nobody waits for any more', () => {
  it('resolves when the client goes away before the head', async () => {
    let client: RawClient | undefined;
    const { port, captured } = await captureServer(() => client?.socket.destroy());
    client = await RawClient.connect(port);
    client.send(REQUEST);
    expect(await captured()).toMatchObject({ code: 200, written: 0 });
  });

  it('resolves when the client goes away in the body', async () => {
    const { port, captured } = await captureServer((_req, res) => {
      res.writeHead(201);
      res.write('hello');
    });
    const client = await RawClient.connect(port);
    client.send(REQUEST);
    await client.until('hello');
    client.socket.resetAndDestroy();
    expect(await captured()).toMatchObject({ code: 201, written: 5 });
  });

  it('resolves when the client goes away after the end, with most of it still unsent', async () => {
    const { port, captured } = await captureServer((_req, res) => res.end(LARGE));
    const client = await RawClient.connect(port);
    client.socket.pause();
    client.send(REQUEST);
    await once(client.socket, 'readable');
    client.socket.destroy();
    const { code, written } = await captured();
    expect(code).toBe(200);
    // What two sockets hold between them is some megabytes at most.
    expect(written).toBeGreaterThan(16_384);
    expect(written).toBeLessThan(LARGE.length / 2);
  });

  it('resolves when the client goes away and the handler never comes back', async () => {
    const { port, captured } = await captureServer((_req, res) => {
      res.write('hello');
      return new Promise(() => undefined);
    });
    const client = await RawClient.connect(port);
    client.send(REQUEST);
    await client.until('hello');
    client.socket.destroy();
    expect(await captured()).toMatchObject({ code: 200, written: 5 });
  });

  it('resolves though the abort makes a pipeline of the handler reject', async () => {
    const { port, captured } = await captureServer(async (_req, res) => {
      await expect(pipeline(new Readable({ read: () => undefined }), res)).rejects.toThrow('Premature close');
      throw new Error('echo of the abort');
    });
    const client = await RawClient.connect(port);
    client.send(REQUEST);
    const metrics = captured();
    client.socket.end();
    expect(await metrics).toMatchObject({ code: 200, written: 0 });
  });

  it.each([undefined, new Error('gone')])('resolves after res.destroy(%s)', async (error) => {
    const { port, captured } = await captureServer((_req, res) => {
      res.writeHead(201);
      res.write('hello', () => res.destroy(error));
    });
    const client = await RawClient.connect(port);
    client.send(REQUEST);
    expect(await captured()).toMatchObject({ code: 201, written: 5 });
    await client.closed();
    expect(client.received.toString('latin1')).toMatch(/\r\n\r\n5\r\nhello\r\n$/);
  });

  it('counts nothing that is written after the close', async () => {
    const responses: ServerResponse[] = [];
    const { port, captured } = await captureServer((_req, res) => {
      responses.push(res);
      res.write('hello');
    });
    const client = await RawClient.connect(port);
    client.send(REQUEST);
    await client.until('hello');
    client.socket.destroy();
    const metrics = await captured();
    responses[0]?.end('world');
    expect(metrics.written).toBe(5);
  });

  it('resolves for all requests of a pipelined connection, also those that never had their turn', async () => {
    const { port, captured } = await captureServer((req, res) => {
      if (req.url === '/2') {
        res.end('done, and never sent');
      }
    });
    const client = await RawClient.connect(port);
    for (const path of ['/0', '/1', '/2']) {
      client.send([`GET ${path} HTTP/1.1`, 'Host: localhost']);
    }
    const last = captured(2);
    client.socket.end();
    const metrics = await Promise.all([captured(0), captured(1), last]);
    expect(metrics.map(({ code }) => code)).toEqual([200, 200, 200]);
  });

  it('resolves for a request that comes to us after its pipelined connection is gone', async () => {
    const waiting: ServerResponse[] = [];
    const server = createServer((_req, res) => void waiting.push(res));
    const port = await listen(server);
    const client = await RawClient.connect(port);
    client.send(REQUEST);
    client.send(REQUEST);
    while (waiting.length < 2) {
      await once(server, 'request');
    }
    const closed = waiting[0] && once(waiting[0], 'close');
    client.socket.destroy();
    await closed;
    const results = waiting.map((res) => captureMetrics(() => undefined, res.req, res));
    expect(await Promise.all(results)).toMatchObject([{ written: 0 }, { written: 0 }]);
  });
});

describe('a kept-alive connection', () => {
  it('takes any number of pipelined requests without a warning', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const results: Promise<Metrics>[] = [];
    const server = createServer((req, res) => {
      results.push(captureMetrics(() => setImmediate(() => res.end('.')), req, res));
    });
    const port = await listen(server);
    const client = await RawClient.connect(port);
    for (let sent = 1; sent < 40; sent++) {
      client.send(REQUEST);
    }
    client.send([...REQUEST, 'Connection: close']);
    await client.closed();
    expect(await Promise.all(results)).toHaveLength(40);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });

  it('has the same listeners after each response', async () => {
    const { port, captured } = await captureServer((req, res) => {
      res.setHeader('X-Listeners', req.socket.listenerCount('close')).end('hello');
    });
    const client = await RawClient.connect(port);
    for (let sent = 0; sent < 5; sent++) {
      client.send(REQUEST);
      await captured(sent);
    }
    client.send([...REQUEST, 'Connection: close']);
    const responses = await client.responses('GET', 'GET', 'GET', 'GET', 'GET', 'GET');
    const counts = responses.map(({ headers }) => headers.get('x-listeners'));
    expect(new Set(counts).size).toBe(1);
  });
});

describe('a response over HTTP/2 that nobody waits for any more', () => {
  async function request(port: number, method = 'GET') {
    const session = await connectHttp2(port);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':method': method }, { endStream: true });
    stream.on('error', () => stream.destroy());
    return { session, stream };
  }

  it('resolves when the client resets the stream before the head', async () => {
    const { port, captured } = await captureHttp2Server(() => undefined);
    const { stream } = await request(port);
    const metrics = captured();
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await metrics).toMatchObject({ code: 200, written: 0 });
  });

  it('resolves when the client resets a HEAD request before the head', async () => {
    const { port, captured } = await captureHttp2Server(() => undefined);
    const { stream } = await request(port, 'HEAD');
    const metrics = captured();
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await metrics).toMatchObject({ code: 200, written: 0 });
  });

  it('resolves when the client resets the stream in the body', async () => {
    const { port, captured } = await captureHttp2Server((_req, res) => {
      res.writeHead(201);
      res.write('hello');
    });
    const { stream } = await request(port);
    await once(stream, 'data');
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await captured()).toMatchObject({ code: 201, written: 5 });
  });

  it('resolves when the whole session goes away', async () => {
    const { port, captured } = await captureHttp2Server((_req, res) => res.write('hello'));
    const { session, stream } = await request(port);
    await once(stream, 'data');
    session.destroy();
    expect(await captured()).toMatchObject({ code: 200, written: 5 });
  });

  it('resolves when the server resets the stream', async () => {
    const { port, captured } = await captureHttp2Server((_req, res) => {
      res.write('hello');
      res.stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
    await request(port);
    expect(await captured()).toMatchObject({ code: 200, written: 5 });
  });

  it('resolves for a response that is already closed', async () => {
    const late: Promise<Metrics>[] = [];
    const { port, captured } = await captureHttp2Server((req, res) => {
      res.writeHead(418).end('hello');
      res.on('close', () => setImmediate(() => late.push(captureMetrics(() => undefined, req, res))));
    });
    const { stream } = await request(port);
    stream.resume();
    await captured();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(await late[0]).toMatchObject({ code: 418, written: 0 });
  });
});
