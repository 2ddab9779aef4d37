import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import onHeaders from 'on-headers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { captureMetrics, type Metrics } from '../../src/httpsnoop/index.js';
import { connectHttp2, http2Request } from '../support/clients/http2-client.js';
import { RawClient, rawRequest } from '../support/clients/raw-client.js';
import { captureHttp2Server, captureServer, listen } from '../support/servers/capture-server.js';

interface Statuses {
  readonly code: number;
  readonly sent: number;
  readonly informational: readonly number[];
}

async function exchange(answer: (res: ServerResponse) => unknown): Promise<Statuses> {
  const { port, captured } = await captureServer((_req, res) => void answer(res));
  const { status, informational } = await rawRequest(port);
  return { code: (await captured()).code, sent: status, informational };
}

async function exchange2(answer: (res: Http2ServerResponse) => unknown): Promise<Statuses> {
  const { port, captured } = await captureHttp2Server((_req, res) => void answer(res));
  const session = await connectHttp2(port);
  onTestFinished(() => session.destroy());
  const { status, informational } = await http2Request(session);
  return { code: (await captured()).code, sent: status, informational };
}

describe('code on HTTP/1.1, beside the status line that a raw socket received', () => {
  it('is 200 when none was set', async () => {
    expect(await exchange((res) => res.end())).toEqual({ code: 200, sent: 200, informational: [] });
  });

  it('is what was written', async () => {
    const statuses = await exchange((res) => res.writeHead(404, 'Nowhere', { 'X-A': 'b' }).end());
    expect(statuses).toEqual({ code: 404, sent: 404, informational: [] });
  });

  it.each(['end', 'write', 'flushHeaders'] as const)(
    'is statusCode when %s writes the head',
    async (method) => {
      const statuses = await exchange((res) => {
        res.statusCode = 404;
        if (method === 'write') {
          res.write('hello');
        }
        if (method === 'flushHeaders') {
          res.flushHeaders();
        }
        res.end();
      });
      expect(statuses).toEqual({ code: 404, sent: 404, informational: [] });
    },
  );

  it('is the first of two that were written, and the second throws as ever', async () => {
    const statuses = await exchange((res) => {
      res.writeHead(201);
      expect(() => res.writeHead(500)).toThrow(expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }));
      res.end();
    });
    expect(statuses).toEqual({ code: 201, sent: 201, informational: [] });
  });

  it('is not what is set after the head', async () => {
    const statuses = await exchange((res) => {
      res.writeHead(201);
      res.statusCode = 500;
      res.end();
    });
    expect(statuses).toEqual({ code: 201, sent: 201, informational: [] });
  });

  it('is not an informational one before it', async () => {
    const statuses = await exchange((res) => {
      res.writeContinue();
      res.writeProcessing();
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.writeHead(202).end();
    });
    expect(statuses).toEqual({ code: 202, sent: 202, informational: [100, 102, 103] });
  });

  it('is not an informational one that is written as the head', async () => {
    const { port, captured } = await captureServer((_req, res) => res.writeHead(103).end());
    const client = await RawClient.connect(port);
    client.send(['GET / HTTP/1.1', 'Host: localhost', 'Connection: close']);
    expect((await captured()).code).toBe(200);
    await client.closed();
    expect(client.received.toString('latin1')).toMatch(/^HTTP\/1\.1 103 /);
  });

  it('is 101, which is final', async () => {
    const { port, captured } = await captureServer((_req, res) => {
      res.writeHead(101, { Connection: 'Upgrade', Upgrade: 'foo' }).end();
    });
    const client = await RawClient.connect(port);
    client.send(['GET / HTTP/1.1', 'Host: localhost']);
    expect((await captured()).code).toBe(101);
    await client.until('HTTP/1.1 101 ');
  });

  it.each([99, 1000, Number.NaN])('is not %d, which Node refuses', async (bad) => {
    const statuses = await exchange((res) => {
      expect(() => res.writeHead(bad)).toThrow(
        expect.objectContaining({ code: 'ERR_HTTP_INVALID_STATUS_CODE' }),
      );
      res.statusCode = 503;
      res.end();
    });
    expect(statuses).toEqual({ code: 503, sent: 503, informational: [] });
  });

  it('is any other that Node sends', async () => {
    expect(await exchange((res) => res.writeHead(799).end())).toMatchObject({ code: 799, sent: 799 });
  });

  it('is 200 when nothing was sent, whatever was set', async () => {
    const { port, captured } = await captureServer((_req, res) => {
      res.statusCode = 503;
      res.destroy();
    });
    const client = await RawClient.connect(port);
    client.send(['GET / HTTP/1.1', 'Host: localhost']);
    expect((await captured()).code).toBe(200);
    expect(client.received.length).toBe(0);
  });

  it.each(['before', 'after'])('is what another library made of it, patched %s us', async (when) => {
    const results: Promise<Metrics>[] = [];
    const teapot = (res: ServerResponse): void =>
      onHeaders(res, function (this: ServerResponse) {
        this.statusCode = 418;
      });
    const answer: RequestListener = (_req, res) => {
      if (when === 'after') {
        teapot(res);
      }
      res.writeHead(200).end();
    };
    const server = createServer((req, res) => {
      if (when === 'before') {
        teapot(res);
      }
      results.push(captureMetrics(answer, req, res));
    });
    expect((await rawRequest(await listen(server))).status).toBe(418);
    expect((await results[0])?.code).toBe(418);
  });

  it('is what was sent by the method of the prototype, past all patches', async () => {
    const statuses = await exchange((res) => {
      Object.getPrototypeOf(res).writeHead.call(res, 404);
      res.end('hello');
    });
    expect(statuses).toMatchObject({ code: 404, sent: 404 });
  });
});

describe('code of a response past whose patches the head was written', () => {
  it('is what was sent, though another is set later', async () => {
    const statuses = await exchange((res) => {
      Object.getPrototypeOf(res).writeHead.call(res, 404);
      res.write('hello', () => {
        res.statusCode = 500;
        res.end();
      });
    });
    expect(statuses).toMatchObject({ code: 404, sent: 404 });
  });
});

describe('code on HTTP/2, beside the status that a client received', () => {
  it('is 200 when none was set', async () => {
    expect(await exchange2((res) => res.end())).toEqual({ code: 200, sent: 200, informational: [] });
  });

  it('is what was written', async () => {
    const statuses = await exchange2((res) => res.writeHead(404).end());
    expect(statuses).toEqual({ code: 404, sent: 404, informational: [] });
  });

  it.each(['end', 'write'] as const)('is statusCode when %s writes the head', async (method) => {
    const statuses = await exchange2((res) => {
      res.statusCode = 404;
      if (method === 'write') {
        res.write('hello');
      }
      res.end();
    });
    expect(statuses).toEqual({ code: 404, sent: 404, informational: [] });
  });

  it('is the first of two that were written, and the second throws as ever', async () => {
    const statuses = await exchange2((res) => {
      res.writeHead(201);
      expect(() => res.writeHead(500)).toThrow(expect.objectContaining({ code: 'ERR_HTTP2_HEADERS_SENT' }));
      res.end();
    });
    expect(statuses).toEqual({ code: 201, sent: 201, informational: [] });
  });

  it('is not an informational one before it', async () => {
    const statuses = await exchange2((res) => {
      res.writeContinue();
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.writeHead(202).end();
    });
    expect(statuses).toEqual({ code: 202, sent: 202, informational: [100, 103] });
  });

  it.each([103, 101, 600])('is not %i, which Node refuses', async (bad) => {
    const statuses = await exchange2((res) => {
      expect(() => res.writeHead(bad)).toThrow(RangeError);
      res.statusCode = 503;
      res.end();
    });
    expect(statuses).toEqual({ code: 503, sent: 503, informational: [] });
  });
});
