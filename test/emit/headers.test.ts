import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Attributes } from '@opentelemetry/api';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  compileHeaderCapture,
  type HeaderCapture,
  type HeaderRecord,
  headerInList,
  type UndiciRequestHeaders,
} from '../../src/emit/headers.js';

// undici 8 does not load on Node.js 20.
const undici8 =
  Number.parseInt(process.versions.node, 10) < 22 ? [] : [['8', () => import('undici8')] as const];
const undici7 = ['7', () => import('undici')] as const;
const undici6 = ['6', () => import('undici6')] as const;

const NAMES = ['X-One', 'x-two', 'Set-Cookie', 'Content-Length', 'Host', 'authorization'];

function compiled(side: 'request' | 'response', names: string[] = NAMES, redacted?: string[]): HeaderCapture {
  const capture = compileHeaderCapture(side, names, redacted);
  if (capture === undefined) {
    throw new Error('nothing to capture');
  }
  return capture;
}

function captured(capture: (attributes: Attributes) => void): Attributes {
  const attributes: Attributes = {};
  capture(attributes);
  return attributes;
}

async function listening(server: http.Server | http2.Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

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

describe('compileHeaderCapture', () => {
  it.each([[[]], [['']], [[' ']]])('is undefined for %j', (names) => {
    expect(compileHeaderCapture('request', names)).toBeUndefined();
  });

  it('matches names whatever their case, and writes them in lower case', () => {
    const capture = compiled('request', ['X-ONE']);
    expect(captured((attributes) => capture.addField(attributes, 'x-One', 'a'))).toEqual({
      'http.request.header.x-one': ['a'],
    });
  });

  it.each([
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'www-authenticate',
    'proxy-authenticate',
  ])('hides the value of %s', (name) => {
    const capture = compiled('response', [name.toUpperCase()]);
    expect(captured((attributes) => capture.addField(attributes, name, ['secret', 'secret']))).toEqual({
      [`http.response.header.${name}`]: ['REDACTED'],
    });
  });

  it('hides the headers of the list in place of the default ones', () => {
    const capture = compiled('request', ['cookie', 'x-key'], ['X-Key']);
    expect(
      captured((attributes) => capture.addList(attributes, ['Cookie', 'a=b', 'X-KEY', 'secret'])),
    ).toEqual({
      'http.request.header.cookie': ['a=b'],
      'http.request.header.x-key': ['REDACTED'],
    });
  });
});

describe('a value', () => {
  it.each([
    ['a', ['a']],
    ['', ['']],
    [3495, ['3495']],
    [0, ['0']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [
      ['a', 1],
      ['a', '1'],
    ],
    [Buffer.from('caf\xe9', 'latin1'), ['café']],
  ])('of %j becomes %j', (value, values) => {
    const capture = compiled('request', ['x-one']);
    expect(captured((attributes) => capture.addField(attributes, 'x-one', value))).toEqual({
      'http.request.header.x-one': values,
    });
  });

  it.each([[undefined], [null], [[]], [{}], [true], [() => 'a']])('of %s is none', (value) => {
    const capture = compiled('request', ['x-one', 'cookie']);
    expect(captured((attributes) => capture.addList(attributes, ['x-one', value, 'cookie', value]))).toEqual(
      {},
    );
  });

  it('is a copy, so that nothing later changes what was captured', () => {
    const values = ['a'];
    const attributes = captured((target) => compiled('request', ['x-one']).addField(target, 'x-one', values));
    values.push('b');
    expect(attributes).toEqual({ 'http.request.header.x-one': ['a'] });
  });

  it('does not come from a prototype', () => {
    const capture = compiled('request', ['constructor', '__proto__', 'tostring']);
    expect(captured((attributes) => capture.addReceived(attributes, {}))).toEqual({});
  });
});

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

describe('headers of node:http', () => {
  it('are captured from requests and responses of both sides', async () => {
    const seen: Attributes[] = [];
    const server = http.createServer((request, response) => {
      seen.push(
        captured((attributes) => compiled('request').addReceived(attributes, request.headersDistinct)),
      );
      response.setHeader('X-One', 1);
      response.setHeader('Set-Cookie', ['s=1', 's=2']);
      response.setHeader('x-two', ['b', 'c']);
      seen.push(captured((attributes) => compiled('response').addSet(attributes, response)));
      response.end('ok');
    });
    const port = await listening(server);
    const request = http.get({
      port,
      agent: false,
      headers: { 'X-One': 'a', 'x-two': ['b', 'c'], Host: 'a.io' },
    });
    const sent = captured((attributes) => compiled('request').addSet(attributes, request));
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    const received = captured((attributes) =>
      compiled('response').addReceived(attributes, response.headersDistinct),
    );
    await once(response, 'end');

    const requestHeaders = {
      'http.request.header.x-one': ['a'],
      'http.request.header.x-two': ['b', 'c'],
      'http.request.header.host': ['a.io'],
    };
    const responseHeaders = {
      'http.response.header.x-one': ['1'],
      'http.response.header.x-two': ['b', 'c'],
      'http.response.header.set-cookie': ['REDACTED'],
    };
    expect(sent).toEqual(requestHeaders);
    expect(seen).toEqual([requestHeaders, responseHeaders]);
    expect(received).toEqual({ ...responseHeaders, 'http.response.header.content-length': ['2'] });
  });

  it('are captured from what is given to writeHead', () => {
    const capture = compiled('response');
    expect(
      captured((attributes) => capture.addRecord(attributes, { 'X-ONE': 1, 'X-Two': ['b', 'c'] })),
    ).toEqual({
      'http.response.header.x-one': ['1'],
      'http.response.header.x-two': ['b', 'c'],
    });
    expect(
      captured((attributes) => capture.addList(attributes, ['X-Two', 'b', 'X-Two', 'c', 'odd'])),
    ).toEqual({
      'http.response.header.x-two': ['b', 'c'],
    });
  });
});

describe('headers of node:http2', () => {
  it('are captured from requests and responses', async () => {
    const server = http2.createServer();
    const received: Attributes[] = [];
    server.on('stream', (stream, headers) => {
      received.push(captured((attributes) => compiled('request').addReceived(attributes, headers)));
      stream.respond({ ':status': 200, 'x-one': 'a', 'set-cookie': ['s=1', 's=2'] });
      stream.end();
    });
    const session = http2.connect(`http://127.0.0.1:${await listening(server)}`);
    const stream = session.request({ ':path': '/', 'X-One': 'a', cookie: 's=1', authorization: 'secret' });
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    session.close();

    expect(received).toEqual([
      { 'http.request.header.x-one': ['a'], 'http.request.header.authorization': ['REDACTED'] },
    ]);
    expect(captured((attributes) => compiled('response').addReceived(attributes, headers))).toEqual({
      'http.response.header.x-one': ['a'],
      'http.response.header.set-cookie': ['REDACTED'],
    });
  });
});

describe('headerInList', () => {
  it.each([
    [['User-Agent', 'curl/8'], 'curl/8'],
    [['a', 'b', 'user-agent', 'curl/8', 'user-agent', 'second'], 'curl/8'],
    [['user-agent', ['first', 'second']], 'first'],
    [['x', 'user-agent', 'y'], undefined],
    [['user-agent'], undefined],
    [[], undefined],
  ])('of %j is %s', (list, value) => {
    expect(headerInList(list, 'user-agent')).toBe(value);
  });
});
