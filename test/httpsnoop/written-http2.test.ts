import { once } from 'node:events';
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { captureMetricsFn, type Metrics } from '../../src/httpsnoop/index.js';
import { connectHttp2, http2Request } from '../support/clients/http2-client.js';
import { ANSWERS, type Answer, ENDED_WHILE_CORKED } from '../support/servers/answers.js';
import { captureHttp2Server } from '../support/servers/capture-server.js';

interface Facts {
  readonly written: number;
  readonly received: number;
  readonly code: number;
  readonly status: number;
}

async function exchange(answer: Answer<Http2ServerResponse>['answer'], method = 'GET'): Promise<Facts> {
  const { port, captured } = await captureHttp2Server((_req, res) => {
    // Node reports what is written to a response without body.
    res.stream.on('error', ({ message }) => expect(message).toBe('write after end'));
    void answer(res);
  });
  const session = await connectHttp2(port);
  onTestFinished(() => session.destroy());
  const { body, status } = await http2Request(session, { ':method': method });
  const { written, code } = await captured();
  return { written, received: body.length, code, status };
}

function exchangeOnStream(answer: (stream: ServerHttp2Stream) => unknown, method?: string): Promise<Facts> {
  return exchange((res) => answer(res.stream), method);
}

// A length where there is no body is a protocol error to the client; a pipe into an ended stream is one to Node.
const BODILESS = ANSWERS.filter(
  ({ name }) => !/^(with a length|pipe|pipeline|a file|with back-pressure)$/.test(name),
);

describe('written, beside the DATA that a client received', () => {
  it.each([...ANSWERS, ...ENDED_WHILE_CORKED])('GET: $name', async ({ bytes, answer }) => {
    const { written, received } = await exchange(answer);
    expect({ written, received }).toEqual({ written: bytes, received: bytes });
  });

  it.each(BODILESS)('HEAD: $name', async ({ answer }) => {
    const { written, received } = await exchange(answer, 'HEAD');
    expect({ written, received }).toEqual({ written: 0, received: 0 });
  });

  const bodiless = [204, 205, 304].flatMap((code) => BODILESS.map((one) => ({ ...one, code })));

  it.each(bodiless)('$code: $name', async ({ code, name, answer }) => {
    const facts = await exchange((res) => {
      if (name === 'after writeHead') {
        return res.writeHead(code).end('hello');
      }
      res.statusCode = code;
      return answer(res);
    });
    expect(facts).toEqual({ written: 0, received: 0, code, status: code });
  });

  it('counts base64 without its white space', async () => {
    const { written, received } = await exchange((res) => res.end('aGVs\nbG8=', 'base64'));
    expect({ written, received }).toEqual({ written: 5, received: 5 });
  });

  it.each(['write', 'end'] as const)('counts nothing for %s after the end', async (method) => {
    const { written } = await exchange((res) => {
      res.on('error', () => undefined);
      res.end('hello');
      res[method]('more');
    });
    expect(written).toBe(5);
  });

  it('counts nothing for a chunk of the wrong type, which throws', async () => {
    const facts = await exchange((res) => {
      expect(() => Reflect.apply(res.write, res, [42])).toThrow(TypeError);
      res.end('hello');
    });
    expect(facts).toMatchObject({ written: 5, received: 5 });
  });

  it('counts nothing that is written after the stream was destroyed', async () => {
    const { written } = await exchange((res) => {
      res.write('hello', () => {
        res.stream.destroy(new Error('write after end'));
        res.stream.write('more');
        res.stream.end('more');
      });
    });
    expect(written).toBe(5);
  });

  it('counts what follows a head that was sent before', async () => {
    const results: Promise<Metrics>[] = [];
    const facts = await exchange((res) => {
      res.setHeader('Content-Length', 10);
      res.writeHead(201);
      res.write('hello');
      results.push(captureMetricsFn(res, () => res.end('world')));
    });
    expect(facts).toMatchObject({ written: 10, received: 10, code: 201 });
    expect(await results[0]).toMatchObject({ written: 5, code: 201 });
  });

  it('counts each stream of a session for itself', async () => {
    const { port, captured } = await captureHttp2Server((req, res) => {
      const length = Number(req.url.slice(1));
      res.write('x'.repeat(length));
      setTimeout(() => res.end('.'), 30 - length);
    });
    const session = await connectHttp2(port);
    onTestFinished(() => session.destroy());
    const answers = await Promise.all(
      ['/1', '/2', '/30'].map((path) => http2Request(session, { ':path': path })),
    );
    expect(answers.map(({ body }) => body.length)).toEqual([2, 3, 31]);
    const written = await Promise.all([0, 1, 2].map(async (index) => (await captured(index)).written));
    expect(written).toEqual([2, 3, 31]);
  });
});

describe('a handler that answers on the stream itself', () => {
  it('counts respond, write and end', async () => {
    const facts = await exchangeOnStream((stream) => {
      stream.respond({ ':status': 201 });
      stream.write('hello');
      stream.end('world');
    });
    expect(facts).toEqual({ written: 10, received: 10, code: 201, status: 201 });
  });

  it('counts what is written with no head before it', async () => {
    const facts = await exchangeOnStream((stream) => stream.end('hello'));
    expect(facts).toEqual({ written: 5, received: 5, code: 200, status: 200 });
  });

  it('counts nothing for HEAD', async () => {
    const facts = await exchangeOnStream((stream) => {
      stream.respond({ ':status': 201 });
      stream.write('hello');
      stream.end('world');
    }, 'HEAD');
    expect(facts).toEqual({ written: 0, received: 0, code: 201, status: 201 });
  });

  it('counts a pipe into it', async () => {
    const facts = await exchangeOnStream((stream) => {
      stream.respond({ ':status': 206 });
      Readable.from(['hello', 'world']).pipe(stream);
    });
    expect(facts).toEqual({ written: 10, received: 10, code: 206, status: 206 });
  });

  it('counts a file that Node sends by itself', async () => {
    const facts = await exchangeOnStream((stream) =>
      stream.respondWithFile(__filename, { ':status': 206 }, { offset: 1, length: 42 }),
    );
    expect(facts).toEqual({ written: 42, received: 42, code: 206, status: 206 });
  });

  it('counts nothing of a file whose transfer the client broke off', async () => {
    const { port, captured } = await captureHttp2Server((_req, res) => {
      res.stream.respondWithFile(process.execPath);
    });
    const session = await connectHttp2(port);
    const request = session.request();
    await once(request, 'data');
    session.destroy();
    expect((await captured()).written).toBe(0);
  });
});
