import { EventEmitter } from 'node:events';
import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { Socket } from 'node:net';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectHttp2 } from '../../support/clients/http2-client.js';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

/** What Node reports as uncaught, and the spans that had ended by then. */
async function uncaught(): Promise<{ error: unknown; spans: ReadableSpan[] }> {
  return new Promise((resolve) => {
    process.once('uncaughtException', (error) =>
      resolve(served.spans(1).then((spans) => ({ error, spans }))),
    );
  });
}

async function request(listener: RequestListener): Promise<RawClient> {
  const client = await RawClient.connect(await listen(createServer(listener)));
  client.send(['GET / HTTP/1.1', 'Host: a']);
  onTestFinished(() => void client.socket.destroy());
  return client;
}

describe('a listener that throws', () => {
  test('ends its span at once with the error, which goes on as it is', async () => {
    served.record();
    const thrown = Object.assign(new RangeError('too much'), { code: 'E_TOO_MUCH' });
    const seen = uncaught();
    await request(() => {
      throw thrown;
    });
    const { error, spans } = await seen;
    expect(error).toBe(thrown);
    expect(spans[0]?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'too much' });
    expect(spans[0]?.attributes['error.type']).toBe('E_TOO_MUCH');
    expect(spans[0]?.attributes).not.toHaveProperty('http.response.status_code');
  });

  test('keeps what it has sent before', async () => {
    served.record();
    const seen = uncaught();
    await request((_req, res) => {
      res.write('12345');
      throw new Error('in the middle');
    });
    const { spans } = await seen;
    expect(spans[0]?.attributes).toMatchObject({
      'error.type': 'Error',
      'http.response.status_code': 200,
      'http.response.body.size': 5,
    });
  });

  test('may throw anything', async () => {
    served.record();
    const seen = uncaught();
    await request(() => {
      throw null;
    });
    const { error, spans } = await seen;
    expect(error).toBe(null);
    expect(spans[0]?.attributes['error.type']).toBe('_OTHER');
  });

  test('is an error too if somebody catches it on the way', async () => {
    served.record();
    const server = createServer(() => {
      throw new Error('caught');
    });
    const req = new IncomingMessage(new Socket());
    expect(() => server.emit('request', req, new ServerResponse(req))).toThrow('caught');
    const span = await served.only();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(process.listenerCount('uncaughtExceptionMonitor')).toBe(0);
  });

  test('of HTTP/2 ends its span at once with the error', async () => {
    served.record();
    const seen = uncaught();
    const server = createHttp2Server(() => {
      throw new Error('no stream');
    });
    const session = await connectHttp2(await listen(server));
    onTestFinished(() => session.destroy());
    session.request().on('error', () => undefined);
    const { error, spans } = await seen;
    expect(error).toMatchObject({ message: 'no stream' });
    expect(spans[0]?.status.message).toBe('no stream');
  });
});

describe('a listener that rejects', () => {
  test('is answered by Node if it was told to capture rejections', async () => {
    served.record();
    EventEmitter.captureRejections = true;
    const server = createServer(() => Promise.reject(new Error('rejected')));
    EventEmitter.captureRejections = false;
    const port = await listen(server);
    const response = await rawRequest(port);
    expect(response.status).toBe(500);
    const span = await served.only();
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': '500' });
  });
});

describe('what a listener throws, if a wrapper catches it and throws something else,', () => {
  test('is the error of the span', async () => {
    served.record();
    const server = createServer(() => {
      throw new TypeError('what the listener threw');
    });
    const { emit } = server;
    Reflect.set(server, 'emit', function (this: typeof server, ...args: unknown[]): unknown {
      try {
        return Reflect.apply(emit, this, args);
      } catch {
        throw new RangeError('what the wrapper threw');
      }
    });
    const seen = uncaught();
    const client = await RawClient.connect(await listen(server));
    client.send(['GET / HTTP/1.1', 'Host: a']);
    onTestFinished(() => void client.socket.destroy());
    const { error, spans } = await seen;
    expect(String(error)).toBe('RangeError: what the wrapper threw');
    expect(spans[0]?.status.message).toBe('what the listener threw');
    expect(spans[0]?.attributes['error.type']).toBe('TypeError');
  });
});
