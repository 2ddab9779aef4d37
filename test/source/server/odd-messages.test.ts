import { EventEmitter, once } from 'node:events';
import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

// In a file of its own: from the first response on that still has its request, less is asked of it.
describe.each<[string, unknown]>([
  ['nothing', null],
  ['something else', { headers: {} }],
])('a program may put %s in the place of the request that a response has', (_what, replacement) => {
  const replacing =
    (listener: RequestListener): RequestListener =>
    (req, res) => {
      Reflect.set(res, 'req', replacement);
      listener(req, res);
    };

  test('in one that it ends', async () => {
    served.record();
    const port = await listen(createServer(replacing((_req, res) => void res.end('fine'))));
    const { body } = await rawRequest(port);
    expect(body.toString()).toBe('fine');
    expect((await served.only()).attributes['http.response.status_code']).toBe(200);
  });

  test('in one that waits for its turn when the client goes away', async () => {
    served.record();
    const server = createServer(replacing(() => undefined));
    const client = await RawClient.connect(await listen(server));
    client.send(['GET /1 HTTP/1.1', 'Host: a', '', 'GET /2 HTTP/1.1', 'Host: a']);
    await once(server, 'request');
    client.socket.destroy();
    const spans = await served.spans(2);
    expect(spans.map((span) => span.attributes['httptrace.aborted'])).toEqual([true, true]);
  });
});

describe('a program may emit a request with a response that', () => {
  test.each<[string, (request: IncomingMessage) => EventEmitter]>([
    ['is only an emitter', () => new EventEmitter()],
    [
      'says nothing of its connection',
      (request) => Object.assign(new ServerResponse(request), { socket: undefined }),
    ],
  ])('%s', async (_what, responseTo) => {
    served.record();
    const server = createServer();
    const request = new IncomingMessage(new Socket());
    const response = responseTo(request);
    server.on('request', (_req, res) => {
      res.emit('finish');
      res.emit('close');
    });
    expect(server.emit('request', request, response)).toBe(true);
    expect((await served.only()).attributes['http.response.status_code']).toBeUndefined();
  });
});

test.each(['request', 'upgrade'])('the request of a %s may have another kind of emit', async (event) => {
  served.record();
  const server = createServer();
  const request = {
    url: '/',
    method: 'GET',
    headers: {},
    httpVersion: '1.1',
    emit: (name: string) => `${name} was emitted`,
  };
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  let emitted: unknown;
  server.on(event, (req, res) => {
    emitted = req.emit('end');
    res.emit('close');
  });
  server.emit(event, request, response);
  expect(emitted).toBe('end was emitted');
  expect((await served.only()).name).toBe('GET');
});
