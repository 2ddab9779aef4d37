import { EventEmitter, once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { captureMetrics, captureMetricsFn, Metrics } from '../../src/httpsnoop/index.js';
import { rawRequest } from '../support/clients/raw-client.js';
import { captureServer, listen, pendingResponse } from '../support/servers/capture-server.js';

describe('Metrics', () => {
  it('starts as a response of which nothing was seen', () => {
    expect(new Metrics()).toEqual({ code: 200, duration: 0, written: 0 });
  });
});

describe('captureMetrics', () => {
  it('calls the handler at once with the very same request and response', async () => {
    const seen: unknown[] = [];
    const server = createServer((req, res) => {
      const result = captureMetrics((...args) => seen.push(...args), req, res);
      expect(seen).toEqual([req, res]);
      expect(seen[0]).toBe(req);
      expect(seen[1]).toBe(res);
      expect(result).toBeInstanceOf(Promise);
      res.end();
    });
    await rawRequest(await listen(server));
    expect(seen).toHaveLength(2);
  });

  it('resolves with Metrics', async () => {
    const { port, captured } = await captureServer((_req, res) => res.end('hello'));
    await rawRequest(port);
    expect(await captured()).toBeInstanceOf(Metrics);
  });

  it('is pending until the response has closed', async () => {
    const res = await pendingResponse();
    const order: string[] = [];
    const result = captureMetricsFn(res, () => res.end('hello')).then(() => order.push('resolved'));
    res.on('finish', () => order.push('finish'));
    res.on('close', () => order.push('close'));
    await result;
    expect(order).toEqual(['finish', 'close', 'resolved']);
  });

  it('counts what is sent after the handler returned', async () => {
    const { port, captured } = await captureServer((_req, res) => {
      setImmediate(() => {
        res.writeHead(201);
        res.write('hello');
        setImmediate(() => res.end('world'));
      });
    });
    const { status, body } = await rawRequest(port);
    expect({ status, body: body.length }).toEqual({ status: 201, body: 10 });
    expect(await captured()).toMatchObject({ code: 201, written: 10 });
  });

  it('measures from the call to the close, in milliseconds', async () => {
    const res = await pendingResponse();
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    onTestFinished(() => now.mockRestore());
    const result = captureMetricsFn(res, () => now.mockReturnValue(1250.5));
    res.end();
    expect((await result).duration).toBe(250.5);
  });

  it('keeps the time of the first close, if the program tells another', async () => {
    const res = await pendingResponse();
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    onTestFinished(() => now.mockRestore());
    const result = captureMetricsFn(res, () => now.mockReturnValue(1250));
    res.end();
    const metrics = await result;
    now.mockReturnValue(2000);
    res.emit('close');
    expect(metrics.duration).toBe(250);
  });

  it('leaves no listener for errors on the response', async () => {
    const res = await pendingResponse();
    const before = res.listenerCount('error');
    const result = captureMetricsFn(res, () => undefined);
    expect(res.listenerCount('error')).toBe(before);
    res.end();
    await result;
  });

  it('captures a response for each of those who ask', async () => {
    const inner: Promise<Metrics>[] = [];
    const answer: RequestListener = (_req, res) => res.writeHead(202).end('hello');
    const { port, captured } = await captureServer((req, res) => {
      inner.push(captureMetrics(answer, req, res));
    });
    await rawRequest(port);
    expect(await captured()).toMatchObject({ code: 202, written: 5 });
    expect(await inner[0]).toMatchObject({ code: 202, written: 5 });
  });
});

describe('captureMetricsFn', () => {
  it('hands the very same response to the function', async () => {
    const res = await pendingResponse();
    const seen: unknown[] = [];
    const result = captureMetricsFn(res, (given) => {
      seen.push(given);
      given.end();
    });
    await result;
    expect(seen[0]).toBe(res);
  });

  it('writes into the metrics that it was given, live, and resolves with them', async () => {
    const res = await pendingResponse();
    const metrics = new Metrics();
    const result = captureMetricsFn(res, () => res.writeHead(201), metrics);
    expect(metrics.code).toBe(201);
    res.write('hello');
    await new Promise(process.nextTick);
    expect(metrics.written).toBe(5);
    res.end('world');
    expect(await result).toBe(metrics);
    expect(metrics.written).toBe(10);
  });

  it('adds to the bytes that the metrics already hold', async () => {
    const res = await pendingResponse();
    const metrics = new Metrics();
    metrics.written = 100;
    await captureMetricsFn(res, () => res.end('hello'), metrics);
    expect(metrics.written).toBe(105);
  });

  it('gives the status of a head that was sent before', async () => {
    const res = await pendingResponse();
    res.writeHead(418).flushHeaders();
    expect(await captureMetricsFn(res, () => res.end('hello'))).toMatchObject({ code: 418, written: 5 });
  });

  it('gives the status of a head that was sent before, whatever is set later', async () => {
    const res = await pendingResponse();
    res.writeHead(418).flushHeaders();
    const result = captureMetricsFn(res, () => {
      res.statusCode = 500;
      res.end();
    });
    expect((await result).code).toBe(418);
  });

  it('resolves for a response that is already closed', async () => {
    const res = await pendingResponse();
    res.writeHead(418).end('hello');
    await once(res, 'close');
    expect(await captureMetricsFn(res, () => undefined)).toMatchObject({ code: 418, written: 0 });
  });

  it.each([
    () => Promise.reject(new Error('late')),
    () => {
      throw new Error('late');
    },
  ])('rejects if the function fails though the response is already closed: %s', async (fail) => {
    const res = await pendingResponse();
    res.end();
    await once(res, 'close');
    await expect(captureMetricsFn(res, fail)).rejects.toThrow('late');
  });

  it('resolves for a response whose socket is gone, before its close was told', async () => {
    const res = await pendingResponse();
    res.socket?.destroy();
    expect(res.closed).toBe(false);
    expect(await captureMetricsFn(res, () => undefined)).toMatchObject({ code: 200, written: 0 });
  });
});

describe('a response of another make', () => {
  /** As libraries that mock responses for unit tests have it: nothing of Node's own inside. */
  class MockResponse extends EventEmitter {
    statusCode = 200;
    headersSent = false;
    writeHead(code: number): void {
      this.statusCode = code;
      this.headersSent = true;
    }
    end(): void {
      this.headersSent = true;
      this.emit('close');
    }
  }

  it.each([
    [404, (res: MockResponse) => res.writeHead(404)],
    [
      201,
      (res: MockResponse) => {
        res.statusCode = 201;
      },
    ],
  ])('gives its status %i', async (code, answer) => {
    const res = new MockResponse();
    const fn = (): void => {
      answer(res);
      res.end();
    };
    expect(await Reflect.apply(captureMetricsFn, undefined, [res, fn])).toMatchObject({ code });
    expect('_send' in res).toBe(false);
  });
});
