import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { ServerHookName } from '../../../src/config/types.js';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { eventsOf, useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

async function serve(listener: RequestListener): Promise<number> {
  return listen(createServer(listener));
}

/** The events of a response that is given like this. */
async function eventsFor(answer: (res: ServerResponse) => void, headers: string[] = []): Promise<unknown> {
  await rawRequest(await serve((_req, res) => answer(res)), 'GET / HTTP/1.1', headers);
  return eventsOf(await served.only());
}

const HEAD = ['http.response.head', { 'http.response.status_code': 200 }];
const FIRST_WRITE = ['http.response.first_write', {}];

function end(bytes: number): unknown {
  return ['http.response.end', { 'http.response.body.size': bytes }];
}

describe('the events of a response', () => {
  test('are its head, its first write and its end, however much is written', async () => {
    served.record();
    const events = await eventsFor((res) => {
      res.write('one');
      res.write('two');
      res.end('three');
    });
    expect(events).toEqual([HEAD, FIRST_WRITE, end(11)]);
  });

  test('are no first write when there is no body', async () => {
    served.record();
    expect(await eventsFor((res) => void res.end())).toEqual([HEAD, end(0)]);
  });

  test('tell once that the head was flushed, before anything is written', async () => {
    served.record();
    const events = await eventsFor((res) => {
      res.flushHeaders();
      res.flushHeaders();
      res.end('x');
    });
    expect(events).toEqual([HEAD, ['http.response.flush', {}], FIRST_WRITE, end(1)]);
  });

  test('tell each informational response, which is not the head', async () => {
    served.record();
    const events = await eventsFor((res) => {
      res.writeProcessing();
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.writeEarlyHints({ link: [] });
      res.end('x');
    });
    expect(events).toEqual([
      ['http.response.informational', { 'http.response.status_code': 102 }],
      ['http.response.informational', { 'http.response.status_code': 103 }],
      HEAD,
      FIRST_WRITE,
      end(1),
    ]);
  });

  test('tell the 100 that Node sends by itself', async () => {
    served.record();
    const events = await eventsFor((res) => void res.end('x'), ['Expect: 100-Continue']);
    expect(events).toEqual([
      ['http.response.informational', { 'http.response.status_code': 100 }],
      HEAD,
      FIRST_WRITE,
      end(1),
    ]);
  });

  test('tell the 100 that the program sends, in one span whatever way the request takes', async () => {
    served.record();
    const server = createServer((_req, res) => void res.end('x'));
    server.on('checkContinue', (req, res) => {
      res.writeContinue();
      server.emit('request', req, res);
    });
    await rawRequest(await listen(server), 'GET / HTTP/1.1', ['Expect: 100-continue']);
    expect(eventsOf(await served.only())).toEqual([
      ['http.response.informational', { 'http.response.status_code': 100 }],
      HEAD,
      FIRST_WRITE,
      end(1),
    ]);
  });

  test('come from a request with another expectation too', async () => {
    served.record();
    const server = createServer().on('checkExpectation', (_req, res) => void res.writeHead(417).end());
    const client = await RawClient.connect(await listen(server));
    client.send(['GET / HTTP/1.1', 'Host: a', 'Expect: miracles', 'Connection: close']);
    await client.closed();
    expect((await served.only()).attributes['http.response.status_code']).toBe(417);
  });
});

describe('each toggle', () => {
  const EVENTS: [ServerHookName, string][] = [
    ['writeHead', 'http.response.head'],
    ['informational', 'http.response.informational'],
    ['write', 'http.response.first_write'],
    ['flushHeaders', 'http.response.flush'],
    ['end', 'http.response.end'],
  ];

  test.each(EVENTS)('%s takes away %s alone', async (toggle, event) => {
    served.record({ hooks: { [toggle]: false } });
    await rawRequest(
      await serve((_req, res) => {
        res.writeProcessing();
        res.flushHeaders();
        res.end('hello');
      }),
    );
    const span = await served.only();
    const names = span.events.map(({ name }) => name);
    expect(names).toEqual(
      [
        'http.response.informational',
        'http.response.head',
        'http.response.flush',
        'http.response.first_write',
        'http.response.end',
      ].filter((name) => name !== event),
    );
    expect(span.attributes['http.response.status_code']).toBe(200);
    expect(span.attributes['http.response.body.size']).toBe(5);
  });

  test('closeNotify takes away that a response was aborted, but not that it failed', async () => {
    served.record({ hooks: { closeNotify: false } });
    const server = createServer();
    const client = await RawClient.connect(await listen(server));
    client.send(['GET / HTTP/1.1', 'Host: a']);
    await once(server, 'request');
    client.socket.destroy();
    const span = await served.only();
    expect(span.events).toEqual([]);
    expect(span.attributes['error.type']).toBe('ECONNRESET');
    expect(span.attributes).not.toHaveProperty('httptrace.aborted');
  });

  test('writeHead takes the time of the first byte away too', async () => {
    served.record({ hooks: { writeHead: false } });
    await rawRequest(await serve((_req, res) => void res.end()));
    expect((await served.only()).attributes).not.toHaveProperty('httptrace.first_byte.duration');
  });

  test('of write and end together take away the size of the body', async () => {
    served.record({ hooks: { write: false, end: false } });
    await rawRequest(await serve((_req, res) => void res.end('hello')));
    const span = await served.only();
    expect(span.attributes).not.toHaveProperty('http.response.body.size');
    expect(span.events.map(({ name }) => name)).toEqual(['http.response.head']);
  });

  test('off for all leaves the response as it is but for its listeners', async () => {
    served.record({
      hooks: { writeHead: false, write: false, end: false, flushHeaders: false, informational: false },
    });
    let own: string[] = [];
    await rawRequest(
      await serve((_req, res) => {
        own = ['writeHead', 'write', 'end', 'flushHeaders', 'writeContinue'].filter((name) =>
          Object.hasOwn(res, name),
        );
        res.end();
      }),
    );
    await served.only();
    expect(own).toEqual([]);
  });
});
