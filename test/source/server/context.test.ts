import { once } from 'node:events';
import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { Socket } from 'node:net';
import { setImmediate as immediate, setTimeout as timeout } from 'node:timers/promises';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { contextClientTrace, withClientTrace } from '../../../src/httptrace.js';
import { connectHttp2, http2Request } from '../../support/clients/http2-client.js';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

async function serve(listener: RequestListener): Promise<number> {
  return listen(createServer(listener));
}

/** The span that is active here. */
function here(): string | undefined {
  return trace.getActiveSpan()?.spanContext().spanId;
}

describe('the context of a request is active', () => {
  test('in its listener and in all that it waits for', async () => {
    served.record();
    const seen: Record<string, string | undefined> = {};
    const port = await serve(async (_req, res) => {
      seen.listener = here();
      await null;
      seen.promise = here();
      await timeout(1);
      seen.timer = here();
      await immediate();
      seen.immediate = here();
      process.nextTick(() => {
        seen.tick = here();
        res.end();
      });
    });
    await rawRequest(port);
    const { spanId } = (await served.only()).spanContext();
    expect(seen).toEqual({
      listener: spanId,
      promise: spanId,
      timer: spanId,
      immediate: spanId,
      tick: spanId,
    });
  });

  test('in the listeners of the request and of the response', async () => {
    served.record();
    const seen: Record<string, string | undefined> = {};
    const note = (what: string) => (): void => {
      seen[what] = here();
    };
    const port = await serve((req, res) => {
      req.on('data', note('data')).once('end', note('end')).on('close', note('request closed'));
      res.on('finish', note('finish')).prependListener('close', note('close')).on('drain', note('drain'));
      res.write(Buffer.alloc(1_000_000), note('written'));
      req.on('end', () => res.end(note('ended')));
    });
    const client = await RawClient.connect(port);
    client.send(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Connection: close'], 'abc');
    await client.closed();
    const { spanId } = (await served.only()).spanContext();
    expect(seen).toEqual({
      data: spanId,
      end: spanId,
      'request closed': spanId,
      finish: spanId,
      close: spanId,
      drain: spanId,
      written: spanId,
      ended: spanId,
    });
  });

  test('in a listener that hears the end of a request which was answered before', async () => {
    served.record();
    const seen: (string | undefined)[] = [];
    const port = await serve((req, res) => {
      req.on('end', () => seen.push(here())).once('close', () => seen.push(here()));
      res.end();
    });
    // On one connection, for what Node itself listens to is known only from the first answer on.
    const client = await RawClient.connect(port);
    client.send(['GET /1 HTTP/1.1', 'Host: a']);
    await client.until('HTTP/1.1 200');
    client.send(['GET /2 HTTP/1.1', 'Host: a', 'Connection: close']);
    await client.closed();
    const [first, second] = (await served.spans(2)).map((span) => span.spanContext().spanId);
    expect(seen).toEqual([first, first, second, second]);
  });

  test('in the listener of a response that Node did not make', async () => {
    served.record();
    const seen: (string | undefined)[] = [];
    const server = createServer((_req, res) => {
      res.on('finish', () => seen.push(here()));
      res.end();
    });
    const socket = new Socket();
    let written = (): void => undefined;
    socket._write = (_chunk, _encoding, callback) => {
      written = callback;
    };
    const request = new IncomingMessage(socket);
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    server.emit('request', request, response);
    written();
    await immediate();
    socket.destroy();
    expect(seen).toEqual([(await served.only()).spanContext().spanId]);
  });

  test('in a loop over the body, and in what is piped from it', async () => {
    served.record();
    const seen: (string | undefined)[] = [];
    const port = await serve(async (req, res) => {
      for await (const _chunk of req) {
        seen.push(here());
      }
      seen.push(here());
      res.end();
    });
    const client = await RawClient.connect(port);
    client.send(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Connection: close'], 'abc');
    await client.closed();
    const { spanId } = (await served.only()).spanContext();
    expect(seen).toEqual([spanId, spanId]);
  });

  test('when the client aborts', async () => {
    served.record();
    const seen: Record<string, string | undefined> = {};
    const server = createServer((req, res) => {
      req.on('aborted', () => {
        seen.aborted = here();
      });
      req.on('error', () => {
        seen.error = here();
      });
      res.on('close', () => {
        seen.close = here();
      });
    });
    const client = await RawClient.connect(await listen(server));
    client.send(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 3']);
    await once(server, 'request');
    client.socket.destroy();
    const { spanId } = (await served.only()).spanContext();
    expect(seen).toEqual({ aborted: spanId, error: spanId, close: spanId });
  });

  test('for each of several requests that come at once on one connection', async () => {
    served.record();
    const seen = new Map<string | undefined, (string | undefined)[]>();
    const port = await serve(async (req, res) => {
      const spans = [here()];
      seen.set(req.url, spans);
      res.on('finish', () => spans.push(here()));
      await timeout(req.url === '/1' ? 10 : 1);
      spans.push(here());
      res.end('x'.repeat(100_000));
    });
    const client = await RawClient.connect(port);
    client.send(['GET /1 HTTP/1.1', 'Host: a']);
    client.send(['GET /2 HTTP/1.1', 'Host: a']);
    client.send(['GET /3 HTTP/1.1', 'Host: a', 'Connection: close']);
    await client.closed();
    const spans = await served.spans(3);
    const byPath = new Map(spans.map((span) => [span.attributes['url.path'], span.spanContext().spanId]));
    for (const path of ['/1', '/2', '/3']) {
      const id = byPath.get(path);
      expect(seen.get(path)).toEqual([id, id, id]);
    }
    expect(new Set(byPath.values()).size).toBe(3);
  });

  test('with the baggage of the caller', async () => {
    served.record();
    let tenant: string | undefined;
    const port = await serve((_req, res) => {
      tenant = propagation.getActiveBaggage()?.getEntry('tenant')?.value;
      res.end();
    });
    await rawRequest(port, 'GET / HTTP/1.1', ['baggage: tenant=blue']);
    await served.only();
    expect(tenant).toBe('blue');
  });

  test('with what else was in the context in which the server was started', async () => {
    served.record();
    const callers = {};
    let seen: unknown;
    const port = await context.with(withClientTrace(context.active(), callers), () =>
      serve((_req, res) => {
        seen = contextClientTrace(context.active());
        res.end();
      }),
    );
    await rawRequest(port);
    await served.only();
    expect(seen).toBe(callers);
  });
});

test('the baggage of the context in which the server was started is none of its requests', async () => {
  served.record();
  const seen: unknown[] = [];
  const started = propagation.setBaggage(
    context.active(),
    propagation.createBaggage({ tenant: { value: 'of the start' } }),
  );
  const port = await context.with(started, () =>
    serve((_req, res) => {
      seen.push(propagation.getActiveBaggage()?.getEntry('tenant')?.value);
      res.end();
    }),
  );
  await rawRequest(port);
  await rawRequest(port, 'GET / HTTP/1.1', ['baggage: tenant=blue']);
  await served.spans(2);
  expect(seen).toEqual([undefined, 'blue']);
});

describe('the context of a request is gone', () => {
  test('after its listener has returned', async () => {
    served.record();
    const server = createServer();
    const seen: (string | undefined)[] = [];
    server.on('request', (_req, res) => res.end());
    const port = await listen(server);
    const emit = server.emit.bind(server);
    server.emit = (event: string, ...args: unknown[]): boolean => {
      const before = context.active();
      const result = emit(event, ...args);
      if (event === 'request') {
        seen.push(here());
        expect(context.active()).toBe(before);
      }
      return result;
    };
    await rawRequest(port);
    await served.only();
    expect(seen).toEqual([undefined]);
  });

  test('in the next request of the connection, before that has its own', async () => {
    served.record({ ignoreRequestHook: () => here() !== undefined });
    const port = await serve((_req, res) => res.end());
    const client = await RawClient.connect(port);
    client.send(['GET /1 HTTP/1.1', 'Host: a']);
    await client.until('200 OK');
    client.send(['GET /2 HTTP/1.1', 'Host: a', 'Connection: close']);
    await client.closed();
    await served.spans(2);
  });
});

describe('on HTTP/2', () => {
  test('the compatibility API has it in listener, promises and events', async () => {
    served.record();
    const seen: Record<string, string | undefined> = {};
    const server = createHttp2Server(async (req, res) => {
      seen.listener = here();
      req.on('end', () => {
        seen.end = here();
      });
      res.on('close', () => {
        seen.close = here();
      });
      await timeout(1);
      seen.timer = here();
      req.resume();
      res.end();
    });
    const session = await connectHttp2(await listen(server));
    await http2Request(session);
    session.close();
    const { spanId } = (await served.only()).spanContext();
    expect(seen).toEqual({ listener: spanId, end: spanId, close: spanId, timer: spanId });
  });

  test('the stream API has it in listener, promises and events', async () => {
    served.record();
    const seen: Record<string, string | undefined> = {};
    const server = createHttp2Server();
    server.on('stream', async (stream) => {
      seen.listener = here();
      stream.on('close', () => {
        seen.close = here();
      });
      await timeout(1);
      seen.timer = here();
      stream.respond();
      stream.end();
    });
    const session = await connectHttp2(await listen(server));
    await http2Request(session);
    session.close();
    const { spanId } = (await served.only()).spanContext();
    expect(seen).toEqual({ listener: spanId, close: spanId, timer: spanId });
  });
});

test('the context is entered once where only Node listens to what becomes of the request', async () => {
  served.record();
  const port = await serve((_req, res) => res.end());
  const client = await RawClient.connect(port);
  client.send(['GET /1 HTTP/1.1', 'Host: a']);
  await served.spans(1);
  const entered = vi.spyOn(context, 'with');
  onTestFinished(() => entered.mockRestore());
  client.send(['GET /2 HTTP/1.1', 'Host: a', 'Connection: close']);
  await client.closed();
  await served.spans(2);
  expect(entered).toHaveBeenCalledTimes(1);
});

test('nothing is active where nobody listens', () => {
  expect(context.active()).toBe(ROOT_CONTEXT);
});
