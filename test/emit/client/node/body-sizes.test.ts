import { once } from 'node:events';
import type * as http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { answerOf, askNode, httpAgent, nodeRequest } from '../../../support/clients/node-clients.js';
import { httpServer } from '../../../support/servers/truthful-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const ASKED = { optInAttributes: ['http.request.body.size', 'http.response.body.size'] };

type Send = (request: http.ClientRequest) => unknown;

const SENT: readonly (readonly [name: string, bytes: number, send: Send])[] = [
  ['nothing', 0, (request) => request.end()],
  ['nothing but a callback', 0, (request) => request.end(() => undefined)],
  ['a text', 9, (request) => request.end('grüß€')],
  ['a text in base64', 5, (request) => request.end('aGVsbG8=', 'base64')],
  ['bytes', 4, (request) => request.end(new Uint8Array(4))],
  [
    'pieces',
    10,
    (request) => {
      request.write('hello');
      request.write(Buffer.from('wor'));
      request.end('ld');
    },
  ],
  [
    'pieces that were corked',
    10,
    (request) => {
      request.cork();
      request.write('hello');
      request.write('world');
      request.uncork();
      request.end();
    },
  ],
  [
    'a stream',
    200_000,
    (request) => pipeline(Readable.from([Buffer.alloc(100_000), Buffer.alloc(100_000)]), request),
  ],
];

describe('http.request.body.size of node:http', () => {
  describe.each(['in chunks', 'by its length'])('framed %s', (framing) => {
    it.each(SENT)('is that of %s: %d bytes', async (_name, bytes, send) => {
      let received = 0;
      const { origin } = await httpServer((req, res) =>
        req
          .on('data', (chunk: Buffer) => {
            received += chunk.length;
          })
          .on('end', () => res.end()),
      );
      telemetry.instrument(ASKED);
      const headers = framing === 'by its length' ? { 'Content-Length': bytes } : {};
      const request = nodeRequest(origin, { method: 'POST', headers, agent: httpAgent() });
      const answer = answerOf(request);
      send(request);
      await answer;
      const { attributes, events } = await telemetry.onlyShown();
      expect({ size: attributes['http.request.body.size'], received }).toEqual({
        size: bytes,
        received: bytes,
      });
      expect(events.find(([name]) => name === 'http.send.done')).toEqual([
        'http.send.done',
        { 'http.request.body.size': bytes },
      ]);
    });
  });

  it('is not there when the body was not sent to its end', async () => {
    const { origin } = await httpServer((req) => req.once('data', () => req.destroy()));
    telemetry.instrument(ASKED);
    const request = nodeRequest(origin, { method: 'POST', agent: false });
    request.on('error', () => undefined).write('begun');
    await new Promise((resolve) => request.on('close', resolve));
    expect((await telemetry.onlyShown()).attributes).not.toHaveProperty(['http.request.body.size']);
  });

  it('leaves write and end what they are, unless it is asked for', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const request = nodeRequest(origin, { method: 'POST', agent: httpAgent() });
    expect(Object.hasOwn(request, 'write')).toBe(false);
    expect(Object.hasOwn(request, 'end')).toBe(false);
    const answer = answerOf(request);
    request.end('hello');
    await answer;
  });

  it('leaves the results of write and end what they are', async () => {
    const { origin } = await httpServer((req, res) => req.resume().on('end', () => res.end()));
    telemetry.instrument(ASKED);
    const request = nodeRequest(origin, { method: 'POST', agent: httpAgent() });
    const answer = answerOf(request);
    expect(request.write('small')).toBe(true);
    expect(request.write(Buffer.alloc(1_000_000))).toBe(false);
    expect(() => request.write(3 as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    const written = new Promise((resolve) => request.write('last', resolve));
    expect(request.end()).toBe(request);
    await Promise.all([answer, written]);
    expect((await telemetry.onlyShown()).attributes['http.request.body.size']).toBe(1_000_009);
  });
});

describe('http.response.body.size of node:http', () => {
  const compressed = gzipSync('a'.repeat(10_000));

  it.each([
    ['by its length', 5, (res: http.ServerResponse) => res.end('hello')],
    [
      'in chunks',
      10,
      (res: http.ServerResponse) => {
        res.write('hello');
        res.end('world');
      },
    ],
    [
      'until the end of the connection',
      5,
      (res: http.ServerResponse) => {
        res.removeHeader('transfer-encoding');
        res.writeHead(200, { connection: 'close' });
        res.end('hello');
      },
    ],
    [
      'as it was encoded',
      compressed.length,
      (res: http.ServerResponse) => res.setHeader('content-encoding', 'gzip').end(compressed),
    ],
    ['when it is empty', 0, (res: http.ServerResponse) => res.end()],
    ['when it is large', 3_000_000, (res: http.ServerResponse) => res.end(Buffer.alloc(3_000_000))],
  ])('is counted %s', async (_name, bytes, answer) => {
    const { origin } = await httpServer((_req, res) => answer(res));
    telemetry.instrument(ASKED);
    const { body } = await askNode(origin, { agent: httpAgent() });
    const { attributes, events } = await telemetry.onlyShown();
    expect(attributes['http.response.body.size']).toBe(bytes);
    expect(events.at(-1)).toEqual(['http.receive.done', { 'http.response.body.size': bytes }]);
    expect(body.length > 0).toBe(bytes > 0);
  });

  it('is nothing for a HEAD, whatever its length says', async () => {
    const { origin } = await httpServer((_req, res) => res.setHeader('content-length', 1_000).end());
    telemetry.instrument(ASKED);
    await askNode(origin, { method: 'HEAD', agent: httpAgent() });
    expect((await telemetry.onlyShown()).attributes['http.response.body.size']).toBe(0);
  });

  it('is counted without letting the response flow', async () => {
    const { origin } = await httpServer((_req, res) => res.end(Buffer.alloc(1_000_000)));
    telemetry.instrument(ASKED);
    const request = nodeRequest(origin, { agent: httpAgent() }).end();
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    expect(response.readableFlowing).toBe(null);
    await setTimeout(20);
    expect(response.readableFlowing).toBe(null);
    const closed = once(request, 'close');
    response.destroy();
    await closed;
    expect(Number((await telemetry.onlyShown()).attributes['http.response.body.size'])).toBeLessThan(
      1_000_000,
    );
  });

  it('is measured as well', async () => {
    const { origin } = await httpServer((req, res) => req.resume().on('end', () => res.end('world!')));
    telemetry.instrument({
      metrics: { 'http.client.request.body.size': true, 'http.client.response.body.size': true },
    });
    await askNode(origin, { method: 'POST', body: 'hello', agent: httpAgent() });
    await telemetry.settled();
    const sums = (await telemetry.metrics()).map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.map(({ value }) => (typeof value === 'object' && 'sum' in value ? value.sum : undefined)),
    ]);
    expect(Object.fromEntries(sums)).toMatchObject({
      'http.client.request.body.size': [5],
      'http.client.response.body.size': [6],
    });
  });
});
