import * as http from 'node:http';
import * as net from 'node:net';
import { context, propagation } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { httpAgent } from '../../../support/clients/node-clients.js';
import { rawServer } from '../../../support/servers/raw-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** Makes a request of a server that answers as soon as it has received `last`. */
type Send = (options: http.RequestOptions) => http.ClientRequest;

const LAST = 'last=1';

/** What a program may do with a request; all of them end with `LAST`. */
const SENDS: readonly (readonly [name: string, send: Send])[] = [
  ['a URL', (o) => http.get(`http://127.0.0.1:${o.port}/a?b=%20#c`, { headers: { 'X-Last': LAST } })],
  ['options', (o) => http.get({ ...o, headers: { 'X-Last': LAST } })],
  ['headers in any case', (o) => http.get({ ...o, headers: { 'X-One': '1', 'x-TWO': '2', 'X-Last': LAST } })],
  [
    'headers with several values',
    (o) => http.get({ ...o, headers: { 'x-many': ['1', '2'], cookie: ['a=1', 'b=2'], 'X-Last': LAST } }),
  ],
  ['a host of its own', (o) => http.get({ ...o, headers: { Host: 'other.example', 'X-Last': LAST } })],
  ['no host', (o) => http.get({ ...o, setHost: false, headers: { 'X-Last': LAST } })],
  ['userinfo', (o) => http.get({ ...o, auth: 'user:secret', headers: { 'X-Last': LAST } })],
  ['frozen options', (o) => http.get(Object.freeze({ ...o, headers: Object.freeze({ 'X-Last': LAST }) }))],
  [
    'an absolute URL as its path',
    (o) => http.get({ ...o, path: 'http://a.example/b', headers: { 'X-Last': LAST } }),
  ],
  [
    'setHeader after it was made',
    (o) => {
      const request = http.request(o);
      request.setHeader('X-Last', LAST);
      return request.end();
    },
  ],
  [
    'setHeaders, appendHeader and removeHeader',
    (o) => {
      const request = http.request({ ...o, headers: { 'X-Gone': 'gone' } });
      request.removeHeader('x-gone');
      request.removeHeader('connection');
      request.appendHeader('X-More', 'one');
      request.appendHeader('X-More', 'two');
      request.setHeader('X-Last', LAST);
      return request.end();
    },
  ],
  [
    'flushHeaders before its body',
    (o) => {
      const request = http.request({ ...o, method: 'POST', headers: { 'content-length': LAST.length } });
      request.flushHeaders();
      setImmediate(() => request.end(LAST));
      return request;
    },
  ],
  ['a body in one piece', (o) => http.request({ ...o, method: 'POST' }).end(LAST)],
  [
    'a body in pieces',
    (o) => {
      const request = http.request({ ...o, method: 'PUT' });
      request.write('piece\n');
      request.write(Buffer.from('another\n'));
      request.end(LAST);
      return request;
    },
  ],
  [
    'a body and trailers',
    (o) => {
      const request = http.request({ ...o, method: 'POST', headers: { trailer: 'x-sum' } });
      request.write('piece');
      request.addTrailers({ 'x-sum': LAST });
      return request.end();
    },
  ],
  [
    'an agent that keeps connections',
    (o) => http.get({ ...o, agent: httpAgent(), headers: { 'X-Last': LAST } }),
  ],
  ['no agent', (o) => http.get({ ...o, agent: false, headers: { 'X-Last': LAST } })],
  [
    'a connection of its own',
    (o) =>
      http.get({
        ...o,
        createConnection: () => net.connect(Number(o.port), '127.0.0.1'),
        headers: { 'X-Last': LAST },
      }),
  ],
  [
    'a connection that comes later',
    (o) =>
      http.get({
        ...o,
        createConnection: (_options, done) => {
          setImmediate(() => done(null, net.connect(Number(o.port), '127.0.0.1')));
          return undefined;
        },
        headers: { 'X-Last': LAST },
      }),
  ],
  ['a class', (o) => new http.ClientRequest({ ...o, headers: { 'X-Last': LAST } } as never).end()],
  // The heads of these are final when the request is made.
  [
    'headers as an array',
    (o) => http.get({ ...o, headers: ['X-One', '1', 'X-Two', '2', 'X-Last', LAST] as never }),
  ],
  [
    'headers as pairs',
    (o) =>
      http.get({
        ...o,
        headers: [
          ['X-One', '1'],
          ['X-Last', LAST],
        ] as never,
      }),
  ],
  [
    'headers as an array, and no agent',
    (o) =>
      http.get({
        ...o,
        createConnection: () => net.connect(Number(o.port), '127.0.0.1'),
        headers: ['X-Last', LAST] as never,
      }),
  ],
  [
    'Expect',
    (o) => {
      const headers = { Expect: '100-continue', 'Content-Length': LAST.length };
      const request = http.request({ ...o, method: 'POST', headers });
      return request.on('continue', () => request.end(LAST));
    },
  ],
];

async function wire(send: Send, port: number, received: Promise<string>[]): Promise<string> {
  const request = send({ host: '127.0.0.1', port, path: '/path' });
  await new Promise((resolve, reject) => {
    request.on('error', reject).on('response', (response) => response.resume().on('end', resolve));
  });
  const [bytes] = received.splice(0);
  return bytes ?? '';
}

/** Gives back what arrived for each request in turn. */
async function recordingServer(): Promise<{ port: number; received: Promise<string>[] }> {
  const received: Promise<string>[] = [];
  const { port } = await rawServer((socket) => {
    let bytes = '';
    received.push(
      new Promise((resolve) => {
        socket.on('data', (data) => {
          bytes += data.toString('latin1');
          if (/expect: 100/i.test(bytes) && bytes.endsWith('\r\n\r\n')) {
            socket.write('HTTP/1.1 100 Continue\r\n\r\n');
          } else if (bytes.includes(LAST) && /(\r\n\r\n|last=1)$/.test(bytes)) {
            socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
            resolve(bytes);
          }
        });
      }),
    );
  });
  return { port, received };
}

const TRACE_PARENT = /^traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n/m;

describe('what node:http sends', () => {
  it.each(SENDS)('with %s is what it would have sent, and one traceparent', async (_name, send) => {
    const { port, received } = await recordingServer();
    const without = await wire(send, port, received);
    telemetry.instrument();

    const sent = await wire(send, port, received);

    expect(sent.match(new RegExp(TRACE_PARENT, 'gm'))).toHaveLength(1);
    expect(sent.replace(TRACE_PARENT, '')).toBe(without);
  });

  it('keeps a traceparent that is there', async () => {
    const { port, received } = await recordingServer();
    telemetry.instrument();
    const mine = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

    const sent = await wire(
      (o) => http.get({ ...o, headers: { TraceParent: mine, 'X-Last': LAST } }),
      port,
      received,
    );

    expect(sent.match(/^traceparent: .*$/gim)).toEqual([`TraceParent: ${mine}`]);
  });

  it('keeps a traceparent that is there in an array', async () => {
    const { port, received } = await recordingServer();
    telemetry.instrument();
    const mine = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

    const sent = await wire(
      (o) => http.get({ ...o, headers: ['TraceParent', mine, 'X-Last', LAST] as never }),
      port,
      received,
    );

    expect(sent.match(/^traceparent: .*$/gim)).toEqual([`TraceParent: ${mine}`]);
  });

  it('has the baggage of the context', async () => {
    const { port, received } = await recordingServer();
    telemetry.instrument();
    const baggage = propagation.createBaggage({ tenant: { value: 'blue' } });

    const sent = await context.with(propagation.setBaggage(context.active(), baggage), () =>
      wire((o) => http.get({ ...o, headers: { 'X-Last': LAST } }), port, received),
    );

    expect(sent).toContain('\r\nbaggage: tenant=blue\r\n');
  });

  it('has no trace headers for a host that must not get them', async () => {
    const { port, received } = await recordingServer();
    telemetry.instrument({ client: { doNotPropagateTo: ['127.0.0.1'] } });

    const sent = await wire((o) => http.get({ ...o, headers: { 'X-Last': LAST } }), port, received);

    expect(sent).not.toMatch(TRACE_PARENT);
    expect(await telemetry.finished()).toHaveLength(1);
  });
});
