import { createServer, type RequestListener, request } from 'node:http';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askNode } from '../../support/clients/node-clients.js';
import { isAtLeast, UNDICI_FLAVOURS, type UndiciFlavour } from '../../support/clients/undici-flavours.js';
import { listen } from '../../support/servers/listen.js';
import { pointsOf } from '../../support/telemetry/metric-points.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const NAMES = [
  'http.client.request.body.size',
  'http.client.response.body.size',
  'http.server.request.body.size',
  'http.server.response.body.size',
];
const ON = Object.fromEntries(NAMES.map((name) => [name, true]));

/** What is measured: how often and how much, for each metric in turn. */
async function sizes(): Promise<(readonly [count: number | undefined, bytes: number] | undefined)[]> {
  await telemetry.settled();
  const metrics = await telemetry.metrics();
  return NAMES.map((name) => pointsOf(metrics, name).map(({ count, value }) => [count, value] as const)[0]);
}

interface Sent {
  readonly method?: string;
  readonly body?: string | Readable;
}

interface Client {
  readonly name: string;
  /** Whether it tells of each part that it sends of a body. */
  readonly countsSent: boolean;
  ask(url: string, sent: Sent): Promise<unknown>;
}

const CLIENTS: readonly Client[] = [
  { name: 'node:http', countsSent: true, ask: askByNode },
  ...UNDICI_FLAVOURS.map((flavour) => ({
    name: flavour.name,
    countsSent: isAtLeast(flavour.version, 7, 11),
    ask: (url: string, sent: Sent) => askByUndici(flavour, url, sent),
  })),
];

function askByNode(url: string, { method, body }: Sent): Promise<unknown> {
  if (body instanceof Readable) {
    return askChunked(url, body);
  }
  const chosen = body === undefined ? method : 'POST';
  return askNode(url, { agent: false, ...(chosen && { method: chosen }), ...(body && { body }) });
}

function askChunked(url: string, body: Readable): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent: false }, (res) => res.resume().on('close', resolve));
    asked.on('error', reject);
    body.pipe(asked);
  });
}

async function askByUndici(
  { Client }: UndiciFlavour,
  url: string,
  { method = 'GET', body }: Sent,
): Promise<unknown> {
  const client = new Client(url);
  onTestFinished(() => client.destroy());
  const chosen = body === undefined ? method : 'POST';
  const { body: received } = await client.request({ path: '/', method: chosen as 'GET', body: body ?? null });
  return received.text();
}

async function serve(answer: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(answer))}`;
}

const GZIPPED = gzipSync('hello, hello, hello');

describe.each(CLIENTS)('$name: the sizes of', ({ ask, countsSent }) => {
  const instrument = () => telemetry.instrument({ server: {}, metrics: ON });

  it('nothing sent, and a body of a known length', async () => {
    const url = await serve((_req, res) => res.end('hello'));
    instrument();
    await ask(url, {});
    expect(await sizes()).toEqual([
      [1, 0],
      [1, 5],
      [1, 0],
      [1, 5],
    ]);
  });

  it('a body both ways', async () => {
    const url = await serve((req, res) => req.resume().on('end', () => res.end('hello')));
    instrument();
    await ask(url, { body: 'grün' });
    expect(await sizes()).toEqual([
      [1, 5],
      [1, 5],
      [1, 5],
      [1, 5],
    ]);
  });

  it('an empty body', async () => {
    const url = await serve((_req, res) => res.setHeader('Content-Length', 0).end());
    instrument();
    await ask(url, {});
    expect(await sizes()).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
  });

  it('what a HEAD does not get, whatever is announced', async () => {
    const url = await serve((_req, res) => res.setHeader('Content-Length', 1000).end());
    instrument();
    await ask(url, { method: 'HEAD' });
    expect(await sizes()).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
  });

  it.each([204, 304])('what a %d does not have', async (status) => {
    const url = await serve((_req, res) => res.writeHead(status).end());
    instrument();
    await ask(url, {});
    expect(await sizes()).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
  });

  it('a compressed body, as it was sent', async () => {
    const url = await serve((_req, res) =>
      res.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': GZIPPED.length }).end(GZIPPED),
    );
    instrument();
    await ask(url, {});
    const size = [1, GZIPPED.length];
    expect(await sizes()).toEqual([[1, 0], size, [1, 0], size]);
  });

  it('bodies in chunks, without the chunks themselves', async () => {
    const url = await serve((req, res) => {
      res.write('hello');
      req.resume().on('end', () => res.end('world'));
    });
    instrument();
    await ask(url, { body: Readable.from(['abc', 'def']) });
    expect(await sizes()).toEqual([countsSent ? [1, 6] : undefined, [1, 10], [1, 6], [1, 10]]);
  });

  it('a body whose end is that of the connection', async () => {
    const url = await serve((_req, res) => {
      res.useChunkedEncodingByDefault = false;
      res.writeHead(200, { Connection: 'close' });
      res.write('hello');
      res.end();
    });
    instrument();
    await ask(url, {});
    expect(await sizes()).toEqual([
      [1, 0],
      [1, 5],
      [1, 0],
      [1, 5],
    ]);
  });
});

describe('node:http', () => {
  it('an empty body in chunks has no bytes', async () => {
    const url = await serve((_req, res) => {
      res.flushHeaders();
      res.end();
    });
    telemetry.instrument({ server: {}, metrics: ON });
    await askNode(url, { agent: false });
    expect(await sizes()).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
  });
});
