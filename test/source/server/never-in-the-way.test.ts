import * as http from 'node:http';
import * as http2 from 'node:http2';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { trace } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import { captureMetrics } from '../../../src/httpsnoop/index.js';
import { connectHttp2, http2Request } from '../../support/clients/http2-client.js';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { serverStreamPrototype } from '../../support/peers/node-classes.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

const GET = ['GET / HTTP/1.1', 'Host: a', 'Connection: close'];

/** What a program sees of an object when it looks: its keys, those that it inherits, and what is printed. */
function seenOf(object: object): unknown {
  const inherited: string[] = [];
  for (const key in object) {
    inherited.push(key);
  }
  const printed = [...inspect(object, { depth: 0 }).matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name);
  return { keys: Object.keys(object), inherited: inherited.sort(), printed };
}

type Looks = Record<string, unknown>;

async function lookAtHttp1(look: (object: object) => unknown): Promise<Looks> {
  const seen: Looks = {};
  const server = http.createServer((req, res) => {
    seen.request = look(req);
    seen.response = look(res);
    res.write('a');
    res.end('b');
    seen.ended = look(res);
  });
  await rawRequest(await listen(server));
  return seen;
}

async function lookAtHttp2(look: (object: object) => unknown): Promise<Looks> {
  const seen: Looks = {};
  const server = http2.createServer((req, res) => {
    seen.request = look(req);
    seen.response = look(res);
    seen.stream = look(res.stream);
    res.end('b');
  });
  const session = await connectHttp2(await listen(server));
  await http2Request(session);
  session.destroy();
  return seen;
}

describe.each([
  ['HTTP/1.1', lookAtHttp1],
  ['HTTP/2', lookAtHttp2],
])('the objects of a request of %s', (_name, lookAt) => {
  test('look as they do without us', async () => {
    const without = await lookAt(seenOf);
    served.record();
    expect(await lookAt(seenOf)).toEqual(without);
  });

  test('have the listeners that they have without us', async () => {
    const listeners = (object: object): unknown =>
      Object.fromEntries(
        (object as Socket).eventNames().map((name) => [name, (object as Socket).listenerCount(name)]),
      );
    const without = await lookAt(listeners);
    served.record();
    expect(await lookAt(listeners)).toEqual(without);
  });
});

describe('the stack', () => {
  const SOURCE = join(__dirname, '..', '..', '..', 'src');

  /** The frames of ours; a context manager has its own. */
  function framesIn(stack: string | undefined): string[] {
    return (stack ?? '').split('\n').filter((line) => line.includes(SOURCE));
  }

  test('has one frame of ours under each listener', async () => {
    served.record();
    const stacks: Record<string, string[]> = {};
    const note = (what: string) => (): void => {
      stacks[what] = framesIn(new Error(what).stack);
    };
    Error.stackTraceLimit = 50;
    onTestFinished(() => {
      Error.stackTraceLimit = 10;
    });
    const server = http.createServer((req, res) => {
      note('request')();
      req.on('end', note('end')).resume();
      res.on('finish', note('finish')).on('close', note('close'));
      setImmediate(() => res.end('x'));
    });
    await rawRequest(await listen(server));
    await served.only();
    expect(Object.fromEntries(Object.entries(stacks).map(([what, frames]) => [what, frames.length]))).toEqual(
      {
        request: 1,
        end: 1,
        finish: 1,
        close: 1,
      },
    );
  });

  test('has one frame of ours for each thing that is patched in what a method throws', async () => {
    served.record();
    let frames: string[] = [];
    const server = http.createServer((_req, res) => {
      try {
        res.writeHead(1);
      } catch (error) {
        frames = framesIn((error as Error).stack);
      }
      res.end();
    });
    await rawRequest(await listen(server));
    await served.only();
    expect(frames.map((line) => line.trim().split(' ')[1])).toEqual([
      'ServerResponse.writeHead',
      'Server.emit',
    ]);
  });
});

describe('when nothing observes any more, while requests are under way', () => {
  test('the prototypes are what they were, and the requests are told to their end', async () => {
    const prototypes = [
      http.ServerResponse.prototype,
      http.IncomingMessage.prototype,
      http2.Http2ServerRequest.prototype,
      http2.Http2ServerResponse.prototype,
      Socket.prototype,
      await serverStreamPrototype(),
    ];
    const descriptors = (): unknown[] => prototypes.map((object) => Object.getOwnPropertyDescriptors(object));
    const before = descriptors();
    const instrumentation = served.record();
    const responses: (http.ServerResponse | http2.Http2ServerResponse)[] = [];
    const contexts: unknown[] = [];
    const onRequest = (
      req: http.IncomingMessage | http2.Http2ServerRequest,
      res: http.ServerResponse | http2.Http2ServerResponse,
    ): void => {
      req.on('close', () => contexts.push(trace.getActiveSpan()?.spanContext().spanId));
      responses.push(res);
    };
    const http1 = http.createServer(onRequest);
    const compat = http2.createServer(onRequest);
    const client = await RawClient.connect(await listen(http1));
    const session = await connectHttp2(await listen(compat));
    onTestFinished(() => session.destroy());
    client.send(GET);
    const answer = http2Request(session);
    while (responses.length < 2) {
      await new Promise(setImmediate);
    }
    expect(descriptors()).not.toEqual(before);
    instrumentation.disable();
    expect(descriptors()).toEqual(before);
    for (const response of responses) {
      response.statusCode = 202;
      response.end('hello');
    }
    await Promise.all([client.closed(), answer]);
    const spans = await served.spans(2);
    for (const { attributes } of spans) {
      expect(attributes).toMatchObject({
        'http.response.status_code': 202,
        'http.response.body.size': 5,
      });
    }
    expect(contexts.sort()).toEqual(spans.map((span) => span.spanContext().spanId).sort());
  });

  test('a request that begins later leaves no trace, and captureMetrics works on', async () => {
    served.record().disable();
    let written: Promise<number> | undefined;
    const server = http.createServer((req, res) => {
      written = captureMetrics(() => res.end('hello'), req, res).then((metrics) => metrics.written);
    });
    await rawRequest(await listen(server));
    expect(await written).toBe(5);
    expect(await served.spans(0)).toEqual([]);
  });
});

describe('the patch of somebody else', () => {
  test('on the prototype of responses is called once, above ours and below', async () => {
    const { prototype } = http.ServerResponse;
    const calls: string[] = [];
    const patch = (name: string): (() => void) => {
      const before = Object.getOwnPropertyDescriptor(prototype, 'end');
      const { end } = prototype;
      Object.defineProperty(prototype, 'end', {
        configurable: true,
        writable: true,
        value(this: http.ServerResponse, ...args: unknown[]) {
          calls.push(name);
          return Reflect.apply(end, this, args);
        },
      });
      return () => {
        if (before === undefined) {
          Reflect.deleteProperty(prototype, 'end');
        } else {
          Object.defineProperty(prototype, 'end', before);
        }
      };
    };
    const port = await listen(http.createServer((_req, res) => res.end('hello')));
    const unpatchBelow = patch('below');
    onTestFinished(unpatchBelow);
    const instrumentation = served.record();
    const unpatchAbove = patch('above');
    onTestFinished(unpatchAbove);
    await rawRequest(port);
    expect(calls.splice(0)).toEqual(['above', 'below']);
    // Ours stays under the one above, and is laid over it anew.
    instrumentation.disable();
    instrumentation.enable();
    await rawRequest(port);
    expect(calls).toEqual(['above', 'below']);
    const spans = await served.spans(2);
    expect(spans.map(({ attributes }) => attributes['http.response.body.size'])).toEqual([5, 5]);
    instrumentation.disable();
  });
});

describe('a response that is made by hand and is no emitter', () => {
  const requestOf = (): http.IncomingMessage =>
    Object.assign(new http.IncomingMessage(new Socket()), { url: '/' });

  test('ends its span with its end', async () => {
    served.record();
    const response = {
      statusCode: 200,
      headersSent: false,
      writeHead(this: { statusCode: number; headersSent: boolean }, status: number) {
        this.statusCode = status;
        this.headersSent = true;
      },
      end: () => 'ended',
    };
    let returned: unknown;
    const server = http.createServer((_req, res) => {
      res.writeHead(201);
      returned = res.end();
    });
    server.emit('request', requestOf(), response);
    expect(returned).toBe('ended');
    const span = await served.only();
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 201 });
    expect(span.attributes).not.toHaveProperty('error.type');
  });

  test('and cannot be ended either ends its span when its listener is done', async () => {
    served.record();
    http
      .createServer()
      .on('request', () => undefined)
      .emit('request', requestOf(), {});
    expect((await served.only()).attributes).not.toHaveProperty('error.type');
  });
});

test('what is called back for a pipelined response runs in its own context', async () => {
  served.record();
  const seen: Record<string, (string | undefined)[]> = {};
  const waiting: http.ServerResponse[] = [];
  const server = http.createServer((req, res) => {
    const spans: (string | undefined)[] = [];
    seen[req.url ?? ''] = spans;
    const note = (): void => void spans.push(trace.getActiveSpan()?.spanContext().spanId);
    note();
    if (req.url === '/2') {
      res.write('written', note);
      res.end('ended', note);
      waiting[0]?.end();
    } else {
      waiting.push(res);
    }
  });
  const client = await RawClient.connect(await listen(server));
  client.send(['GET /1 HTTP/1.1', 'Host: a', '', 'GET /2 HTTP/1.1', 'Host: a', 'Connection: close']);
  await client.closed();
  const spans = await served.spans(2);
  const id = spans.find(({ attributes }) => attributes['url.path'] === '/2')?.spanContext().spanId;
  expect(seen['/2']).toEqual([id, id, id]);
});

test('captureMetrics listens to nothing, and calls for no warning', async () => {
  const warned: string[] = [];
  const onWarning = ({ name }: Error): number => warned.push(name);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const server = http.createServer(async (req, res) => {
    for (let count = res.listenerCount('close'); count < 10; count++) {
      res.on('close', () => undefined);
    }
    await captureMetrics(() => res.end(), req, res);
  });
  await rawRequest(await listen(server));
  await new Promise(setImmediate);
  expect(warned).toEqual([]);
});
