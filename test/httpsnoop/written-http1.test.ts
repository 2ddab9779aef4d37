import type { RequestListener, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { captureMetricsFn, type Metrics } from '../../src/httpsnoop/index.js';
import { RawClient, rawRequest } from '../support/clients/raw-client.js';
import { ANSWERS, type Answer, ENDED_WHILE_CORKED } from '../support/servers/answers.js';
import { captureServer } from '../support/servers/capture-server.js';

interface Counts {
  readonly written: number;
  readonly received: number;
}

async function exchange(answer: Answer<ServerResponse>['answer'], requestLine?: string): Promise<Counts> {
  const { port, captured } = await captureServer((_req, res) => void answer(res));
  const response = await rawRequest(port, requestLine);
  const { written } = await captured();
  return { written, received: response.body.length };
}

const NONE: Counts = { written: 0, received: 0 };

describe('written, beside what a raw socket received', () => {
  it.each(ANSWERS)('HTTP/1.1: $name', async ({ bytes, answer }) => {
    expect(await exchange(answer)).toEqual({ written: bytes, received: bytes });
  });

  it.each(ANSWERS)('HTTP/1.0: $name', async ({ bytes, answer }) => {
    expect(await exchange(answer, 'GET / HTTP/1.0')).toEqual({ written: bytes, received: bytes });
  });

  it.each(ANSWERS)('HEAD: $name', async ({ answer }) => {
    expect(await exchange(answer, 'HEAD / HTTP/1.1')).toEqual(NONE);
  });

  const bodiless = [204, 304].flatMap((code) => ANSWERS.map(({ name, answer }) => ({ code, name, answer })));

  it.each(bodiless)('$code: $name', async ({ code, name, answer }) => {
    const run = (res: ServerResponse): void => {
      res.statusCode = name === 'after writeHead' ? 200 : code;
      if (name === 'after writeHead') {
        res.writeHead(code).end('hello');
      } else {
        answer(res);
      }
    };
    expect(await exchange(run)).toEqual(NONE);
  });

  it('counts a body that is limited only by the close', async () => {
    const run = (res: ServerResponse): void => {
      res.removeHeader('Content-Length');
      res.removeHeader('Transfer-Encoding');
      res.write('hello');
      res.end('world');
    };
    expect(await exchange(run)).toEqual({ written: 10, received: 10 });
  });

  it('counts a body that was asked to be chunked', async () => {
    const run = (res: ServerResponse): void => {
      res.setHeader('Transfer-Encoding', 'chunked');
      res.end('hello');
    };
    expect(await exchange(run)).toEqual({ written: 5, received: 5 });
  });
});

it('counts though the program keeps a stream on the response', async () => {
  const results: Promise<Metrics>[] = [];
  const { port } = await captureServer((req, res) => {
    const withStream = Object.assign(res, { stream: req });
    results.push(captureMetricsFn(withStream, () => res.end('hello')));
  });
  expect((await rawRequest(port)).body.length).toBe(5);
  expect((await results[0])?.written).toBe(5);
});

describe('what Node does not send as it was given', () => {
  function withLength(res: ServerResponse, length: number): void {
    res.writeHead(200, { 'Content-Length': length });
  }

  /** Everything that followed the head, whatever length it promised. */
  async function afterHead(handler: RequestListener): Promise<{ written: number; received: string }> {
    const { port, captured } = await captureServer(handler);
    const client = await RawClient.connect(port);
    client.send(['GET / HTTP/1.1', 'Host: localhost', 'Connection: close']);
    const { written } = await captured();
    await client.closed();
    const received = client.received.toString('latin1');
    return { written, received: received.slice(received.indexOf('\r\n\r\n') + 4) };
  }

  it.each(['write', 'end'] as const)('counts nothing for %s after the end', async (method) => {
    const errors: string[] = [];
    const run = (res: ServerResponse): void => {
      res.on('error', ({ message }) => errors.push(message));
      res.end('hello');
      res[method]('more');
    };
    expect(await exchange(run)).toEqual({ written: 5, received: 5 });
    expect(errors).toEqual(['write after end']);
  });

  it.each([42, null, {}, [1]])('counts nothing for %j, which throws', async (chunk) => {
    const run = (res: ServerResponse): void => {
      expect(() => res.write(chunk)).toThrow(TypeError);
      res.end('hello');
    };
    expect(await exchange(run)).toEqual({ written: 5, received: 5 });
  });

  it('counts nothing for an encoding that does not exist, which throws', async () => {
    const run = (res: ServerResponse): void => {
      withLength(res, 5);
      expect(() => res.write('x', 'nope' as BufferEncoding)).toThrow('Unknown encoding: nope');
      res.end('hello');
    };
    expect(await exchange(run)).toEqual({ written: 5, received: 5 });
  });

  it('counts the bytes of base64 without its white space', async () => {
    const run = (res: ServerResponse): void => {
      withLength(res, 5);
      res.end('aGVs\nbG8=', 'base64');
    };
    expect(await exchange(run)).toEqual({ written: 5, received: 5 });
  });

  it('goes on counting after base64 whose white space broke the chunked encoding', async () => {
    const { port, captured } = await captureServer((_req, res) => {
      res.write('aGVs\nbG8=', 'base64');
      res.write('hello');
      res.end();
    });
    const client = await RawClient.connect(port);
    client.send(['GET / HTTP/1.1', 'Host: localhost', 'Connection: close']);
    const { written } = await captured();
    await client.closed();
    const sizes = client.received.toString('latin1').match(/(?<=\r\n)[0-9a-f]+(?=\r\n)/g);
    expect(written).toBe(sizes?.reduce((sum, size) => sum + Number.parseInt(size, 16), 0));
  });

  it('counts the bytes of hex up to a bad digit', async () => {
    const run = (res: ServerResponse): void => {
      withLength(res, 2);
      res.end('6865zz', 'hex');
    };
    expect(await exchange(run)).toEqual({ written: 2, received: 2 });
  });

  it('counts what was sent beyond the promised length', async () => {
    const handler: RequestListener = (_req, res) => {
      withLength(res, 3);
      res.end('hello');
    };
    expect(await afterHead(handler)).toEqual({ written: 5, received: 'hello' });
  });

  it('counts what was sent when less was promised', async () => {
    const handler: RequestListener = (_req, res) => {
      withLength(res, 30);
      res.end('hello');
    };
    expect(await afterHead(handler)).toEqual({ written: 5, received: 'hello' });
  });

  it.each(ENDED_WHILE_CORKED)('counts what came before the last chunk: $name', async ({ answer }) => {
    const { port, captured } = await captureServer((_req, res) => void answer(res));
    const client = await RawClient.connect(port);
    client.send(['GET / HTTP/1.1', 'Host: localhost', 'Connection: close']);
    const { body } = await client.firstResponse('GET');
    expect((await captured()).written).toBe(body.length);
  });

  it.each(ENDED_WHILE_CORKED)('counts all of a body without chunks: $name', async ({ answer, bytes }) => {
    expect(await exchange(answer, 'GET / HTTP/1.0')).toEqual({ written: bytes, received: bytes });
  });

  it('counts nothing for a piece that a strict length refuses', async () => {
    const run = (res: ServerResponse): void => {
      res.strictContentLength = true;
      withLength(res, 5);
      expect(() => res.write('hello!')).toThrow('Response body');
      res.end('hello');
    };
    expect(await exchange(run)).toEqual({ written: 5, received: 5 });
  });

  it('counts what was sent before a strict length made end() throw', async () => {
    const handler: RequestListener = (_req, res) => {
      res.strictContentLength = true;
      withLength(res, 30);
      res.write('hello', () => {
        expect(() => res.end('world')).toThrow('Response body');
        res.destroy();
      });
    };
    expect(await afterHead(handler)).toEqual({ written: 5, received: 'hello' });
  });
});

describe('one connection, many requests', () => {
  const answerByPath: RequestListener = (req, res) => {
    res.write('x'.repeat(Number(req.url?.slice(1))));
    setImmediate(() => res.end('.'));
  };

  function request(path: string, ...more: string[]): string {
    return [`GET ${path} HTTP/1.1`, 'Host: localhost', ...more, '\r\n'].join('\r\n');
  }

  it('counts each response for itself when the connection is kept alive', async () => {
    const { port, captured } = await captureServer(answerByPath);
    const client = await RawClient.connect(port);
    client.socket.write(request('/3'));
    await client.until('0\r\n\r\n');
    client.socket.write(request('/20', 'Connection: close'));
    const bodies = (await client.responses('GET', 'GET')).map(({ body }) => body.length);
    expect(bodies).toEqual([4, 21]);
    expect([(await captured(0)).written, (await captured(1)).written]).toEqual([4, 21]);
  });

  it('counts each response for itself when the requests are pipelined', async () => {
    const { port, captured } = await captureServer(answerByPath);
    const client = await RawClient.connect(port);
    client.socket.write(request('/1') + request('/2') + request('/30', 'Connection: close'));
    const bodies = (await client.responses('GET', 'GET', 'GET')).map(({ body }) => body.length);
    expect(bodies).toEqual([2, 3, 31]);
    const written = await Promise.all([0, 1, 2].map(async (index) => (await captured(index)).written));
    expect(written).toEqual([2, 3, 31]);
  });
});
