import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import http2 from 'node:http2';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { HeaderRecord, UndiciRequestHeaders } from '../../../src/emit/http/headers.js';
import { captured, compiled } from './capturing.js';
import { listening } from './loopback.js';

/** What the three releases of undici have in common. */
interface Undici {
  Client: new (origin: string, options?: object) => UndiciClient;
}

interface UndiciClient {
  request(options: object): Promise<{ body: { dump(): Promise<unknown> } }>;
  close(): Promise<void>;
}

type Release = [version: string, load: () => Promise<Undici>];

const undici6: Release = ['6', () => import('undici6')];
const undici7: Release = ['7', () => import('undici')];
// It does not load on a Node.js without Zstandard.
const undici8: Release[] = 'createZstdDecompress' in zlib ? [['8', () => import('undici8')]] : [];

/** The next message of a channel. */
function published(channel: string): Promise<unknown> {
  return new Promise((resolve) => {
    const listener = (message: unknown): void => {
      unsubscribe(channel, listener);
      resolve(message);
    };
    subscribe(channel, listener);
  });
}

describe('headers of undici', () => {
  it.each([undici6, undici7, ...undici8])(
    '%s are captured from its request and response',
    async (_, load) => {
      const { Client } = await load();
      const server = http.createServer((_request, response) => {
        response.writeHead(200, {
          'X-One': 'a',
          'x-two': ['b', 'c'],
          'Set-Cookie': ['s=1', 's=2'],
          'x-three': 'd',
        });
        response.end();
      });
      const client = new Client(`http://127.0.0.1:${await listening(server)}`);
      const create = published('undici:request:create');
      const headers = published('undici:request:headers');

      const { body } = await client.request({
        path: '/',
        method: 'POST',
        body: 'four',
        headers: {
          'X-ONE': 'a',
          'x-two': ['b', 'c'],
          Host: 'a.io',
          'content-length': '4',
          Authorization: 'secret',
        },
      });
      await body.dump();

      const { request } = (await create) as { request: UndiciRequestHeaders };
      expect(captured((attributes) => compiled('request').addUndiciRequest(attributes, request))).toEqual({
        'http.request.header.x-one': ['a'],
        'http.request.header.x-two': ['b', 'c'],
        'http.request.header.host': ['a.io'],
        'http.request.header.content-length': ['4'],
        'http.request.header.authorization': ['REDACTED'],
      });
      const { response } = (await headers) as { response: { headers: HeaderRecord } };
      expect(
        captured((attributes) => compiled('response').addUndiciResponse(attributes, response.headers)),
      ).toEqual({
        'http.response.header.x-one': ['a'],
        'http.response.header.x-two': ['b', 'c'],
        'http.response.header.set-cookie': ['REDACTED'],
      });
      await client.close();
    },
  );

  it('lack a host and a length that the program did not give', () => {
    const request = { headers: ['x-one', 'a'], host: null, contentLength: null };
    expect(captured((attributes) => compiled('request').addUndiciRequest(attributes, request))).toEqual({
      'http.request.header.x-one': ['a'],
    });
  });

  it.each([undici7, ...undici8])('%s are captured from an HTTP/2 response', async (_, load) => {
    const { Client } = await load();
    const server = http2.createServer();
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'x-one': 'a', 'x-two': ['b', 'c'], 'set-cookie': ['s=1', 's=2'] });
      stream.end();
    });
    const client = new Client(`http://127.0.0.1:${await listening(server)}`, { allowH2: true, useH2c: true });
    const headers = published('undici:request:headers');

    const { body } = await client.request({ path: '/', method: 'GET' });
    await body.dump();

    const { response } = (await headers) as { response: { headers: HeaderRecord } };
    expect(
      captured((attributes) => compiled('response').addUndiciResponse(attributes, response.headers)),
    ).toEqual({
      'http.response.header.x-one': ['a'],
      'http.response.header.x-two': ['b, c'],
      'http.response.header.set-cookie': ['REDACTED'],
    });
    await client.close();
  });
});
