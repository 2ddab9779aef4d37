import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { Attributes } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { captured, compiled } from './capturing.js';
import { listening } from './loopback.js';

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
