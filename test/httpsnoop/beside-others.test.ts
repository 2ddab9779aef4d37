import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import compression from 'compression';
import connect from 'connect';
import session from 'express-session';
import morgan from 'morgan';
import onHeaders from 'on-headers';
import { describe, expect, it } from 'vitest';
import { captureMetrics, type Metrics, unwrap, wrap } from '../../src/httpsnoop/index.js';
import { type RawResponse, rawRequest } from '../support/clients/raw-client.js';
import { notingHooks } from '../support/noting-hooks.js';
import { listen } from '../support/servers/capture-server.js';

type Middleware = (req: IncomingMessage, res: ServerResponse, next: () => void) => unknown;

const TEXT = 'All work and no play makes Jack a dull boy. '.repeat(200);

const answers: readonly (readonly [name: string, answer: RequestListener])[] = [
  ['end', (_req, res) => res.end(TEXT)],
  [
    'write and end',
    (_req, res) => {
      res.write(TEXT.slice(0, 1000));
      setImmediate(() => res.end(TEXT.slice(1000)));
    },
  ],
  [
    'a length, write and end',
    (_req, res) => {
      res.setHeader('Content-Length', TEXT.length);
      res.write(TEXT.slice(0, 1000));
      res.end(TEXT.slice(1000));
    },
  ],
];

/** One server, with a library's middleware in front of our part or behind it. */
async function exchange(
  layers: readonly Middleware[],
  answer: RequestListener,
  headers: readonly string[] = [],
): Promise<RawResponse> {
  const app = connect();
  for (const layer of layers) {
    app.use(layer);
  }
  app.use((req: IncomingMessage, res: ServerResponse) => {
    res.setHeader('Content-Type', 'text/plain');
    answer(req, res);
  });
  return rawRequest(await listen(createServer(app)), 'GET / HTTP/1.1', headers);
}

function capturing(results: Promise<Metrics>[]): Middleware {
  return (req, res, next) => results.push(captureMetrics(() => next(), req, res));
}

/** As it stands in a session cookie: the library writes its part in `writeHead` and the rest in `end`. */
function sessions(): Middleware {
  const middleware = session({ secret: 'secret', resave: true, saveUninitialized: true });
  return (req, res, next) => Reflect.apply(middleware, undefined, [req, res, next]);
}

function logging(lines: string[]): Middleware {
  const stream = { write: (line: string) => lines.push(line.trim()) };
  return morgan(':status :res[content-type]', { stream });
}

const orders = ['in front of us', 'behind us'] as const;

function inOrder(order: (typeof orders)[number], theirs: Middleware, ours: Middleware): Middleware[] {
  return order === 'in front of us' ? [theirs, ours] : [ours, theirs];
}

describe.each(orders)('compression %s', (order) => {
  const compress = compression({ threshold: 0 }) as Middleware;

  it.each(answers)('captures the compressed bytes of %s', async (_name, answer) => {
    const results: Promise<Metrics>[] = [];
    const response = await exchange(inOrder(order, compress, capturing(results)), answer, [
      'Accept-Encoding: gzip',
    ]);
    expect(gunzipSync(response.body).toString()).toBe(TEXT);
    expect((await results[0])?.written).toBe(response.body.length);
    expect(response.body.length).toBeLessThan(1000);
  });

  it.each(answers)('captures the brotli bytes of %s', async (_name, answer) => {
    const results: Promise<Metrics>[] = [];
    const response = await exchange(inOrder(order, compress, capturing(results)), answer, [
      'Accept-Encoding: br',
    ]);
    expect(brotliDecompressSync(response.body).toString()).toBe(TEXT);
    expect((await results[0])?.written).toBe(response.body.length);
  });

  it.each(answers)('captures all bytes of %s where it does nothing', async (_name, answer) => {
    const results: Promise<Metrics>[] = [];
    const response = await exchange(inOrder(order, compress, capturing(results)), answer);
    expect(response.body.toString()).toBe(TEXT);
    expect((await results[0])?.written).toBe(TEXT.length);
  });

  it.each(answers)('lets hooks see %s, and go again', async (_name, answer) => {
    const calls: string[] = [];
    const ours: Middleware = (_req, res, next) => {
      wrap(res, notingHooks(calls));
      res.on('close', () => unwrap(res));
      next();
    };
    const response = await exchange(inOrder(order, compress, ours), answer, ['Accept-Encoding: gzip']);
    expect(gunzipSync(response.body).toString()).toBe(TEXT);
    expect(calls.filter((name) => name === 'writeHead')).toEqual(['writeHead']);
    expect(calls).toContain('end');
  });

  it('goes on when our hooks are taken off in the middle', async () => {
    const calls: string[] = [];
    const ours: Middleware = (_req, res, next) => {
      wrap(res, notingHooks(calls));
      next();
    };
    const answer: RequestListener = (_req, res) => {
      unwrap(res);
      calls.length = 0;
      res.end(TEXT);
    };
    const response = await exchange(inOrder(order, compress, ours), answer, ['Accept-Encoding: gzip']);
    expect(gunzipSync(response.body).toString()).toBe(TEXT);
    expect(calls).toEqual([]);
  });
});

describe.each(orders)('express-session %s', (order) => {
  it.each(answers)('captures %s', async (_name, answer) => {
    const results: Promise<Metrics>[] = [];
    const response = await exchange(inOrder(order, sessions(), capturing(results)), answer);
    expect(response.body.toString()).toBe(TEXT);
    expect(response.headers.get('set-cookie')).toMatch(/^connect\.sid=/);
    expect(await results[0]).toMatchObject({ code: 200, written: TEXT.length });
  });

  it.each(answers)('lets hooks see %s', async (_name, answer) => {
    const calls: string[] = [];
    const ours: Middleware = (_req, res, next) => {
      wrap(res, notingHooks(calls));
      next();
    };
    const response = await exchange(inOrder(order, sessions(), ours), answer);
    expect(response.body.toString()).toBe(TEXT);
    expect(response.headers.get('set-cookie')).toMatch(/^connect\.sid=/);
    expect(calls).toContain('writeHead');
    expect(calls).toContain('end');
  });
});

describe.each(orders)('morgan %s', (order) => {
  it('logs what it logs without us', async () => {
    const lines: string[] = [];
    const results: Promise<Metrics>[] = [];
    const answer: RequestListener = (_req, res) => res.writeHead(404).end('hello');
    const ours: Middleware = (req, res, next) => {
      wrap(res, notingHooks([]));
      results.push(captureMetrics(() => next(), req, res));
    };
    await exchange(inOrder(order, logging(lines), ours), answer);
    expect(await results[0]).toMatchObject({ code: 404, written: 5 });
    expect(lines).toEqual(['404 text/plain']);
  });
});

describe.each(orders)('on-headers %s', (order) => {
  const teapot: Middleware = (_req, res, next) => {
    onHeaders(res, function (this: ServerResponse) {
      this.statusCode = 418;
      this.setHeader('X-Late', 'yes');
    });
    next();
  };

  it('changes the head as it does without us', async () => {
    const calls: string[] = [];
    const results: Promise<Metrics>[] = [];
    const ours: Middleware = (req, res, next) => {
      wrap(res, notingHooks(calls));
      results.push(captureMetrics(() => next(), req, res));
    };
    const response = await exchange(inOrder(order, teapot, ours), (_req, res) => res.end('hello'));
    expect([response.status, response.headers.get('x-late')]).toEqual([418, 'yes']);
    expect(await results[0]).toMatchObject({ code: 418, written: 5 });
    expect(calls).toContain('writeHead');
  });
});

it('hooks that change the body are counted as it is sent, above us and below us', async () => {
  const double: Middleware = (_req, res, next) => {
    wrap(res, {
      end:
        (goOn) =>
        (chunk, ...rest) =>
          goOn(`${chunk}${chunk}`, ...rest),
    });
    next();
  };
  for (const order of orders) {
    const results: Promise<Metrics>[] = [];
    const response = await exchange(inOrder(order, double, capturing(results)), (_req, res) =>
      res.end('hello'),
    );
    expect(response.body.toString()).toBe('hellohello');
    expect((await results[0])?.written).toBe(10);
  }
});
