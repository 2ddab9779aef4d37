import { once } from 'node:events';
import type * as http from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  answerOf,
  askNode,
  httpAgent,
  httpsAgent,
  nodeRequest,
  textOf,
} from '../../../support/clients/node-clients.js';
import { CA } from '../../../support/servers/certificates.js';
import { onEachHead, rawServer } from '../../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../../support/servers/truthful-server.js';
import {
  connected,
  dialled,
  durations,
  EXCHANGE,
  gotIdle,
  gotNew,
  lookedUp,
  requested,
  SOME_NUMBER,
  wanted,
} from '../../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

describe('the span of a request of node:http', () => {
  it('tells of everything on a new connection, and nothing of that on the next', async () => {
    const { port } = await httpServer();
    telemetry.instrument();
    const agent = httpAgent({ family: 4 } as http.AgentOptions);
    const url = `http://localhost:${port}`;
    await askNode(`${url}/first`, { agent });
    await askNode(`${url}/second?a=1#part`, { agent });
    const answered = { 'http.response.status_code': 200 };
    expect(await telemetry.shown()).toEqual([
      {
        name: 'GET',
        kind: 'CLIENT',
        status: { code: 'UNSET' },
        attributes: {
          ...requested(url, '/first'),
          ...connected(port),
          ...answered,
          ...durations('getconn', 'dns', 'connect', 'send', 'wait', 'receive'),
        },
        events: [
          wanted('localhost', port),
          ...lookedUp('localhost'),
          ...dialled(port),
          gotNew(port),
          ...EXCHANGE,
        ],
      },
      {
        name: 'GET',
        kind: 'CLIENT',
        status: { code: 'UNSET' },
        attributes: {
          ...requested(url, '/second?a=1#part'),
          ...connected(port, { 'http.conn.reused': true }),
          ...answered,
          ...durations('getconn', 'send', 'wait', 'receive'),
        },
        events: [wanted('localhost', port), gotIdle(port), ...EXCHANGE],
      },
    ]);
  });

  it('tells of its handshake', async () => {
    const { port } = await httpsServer();
    telemetry.instrument();
    await askNode(`https://127.0.0.1:${port}/`, { agent: httpsAgent({ ca: CA, ecdhCurve: 'X25519' }) });
    const { attributes, events } = await telemetry.onlyShown();
    expect(attributes).toEqual({
      ...requested(`https://127.0.0.1:${port}`, '/'),
      ...connected(port),
      ...durations('getconn', 'connect', 'tls', 'send', 'wait', 'receive'),
      'http.response.status_code': 200,
    });
    expect(events.slice(3, 5)).toEqual([
      ['http.tls.start', {}],
      [
        'http.tls.done',
        expect.objectContaining({ 'tls.established': true, 'tls.resumed': false, 'tls.curve': 'X25519' }),
      ],
    ]);
  });

  it('has its parent, and its duration as a metric', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const { parent } = await telemetry.within(() => askNode(origin, { agent: httpAgent() }));
    const span = await telemetry.only();
    expect(span.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    expect(await telemetry.durations()).toEqual([
      {
        count: 1,
        sum: SOME_NUMBER,
        attributes: {
          'http.request.method': 'GET',
          'http.response.status_code': 200,
          'network.protocol.version': '1.1',
          'server.address': '127.0.0.1',
          'server.port': Number(new URL(origin).port),
        },
      },
    ]);
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('of a %s with the status %d ends with the head', async (method, status) => {
    const { origin } = await httpServer((_req, res) => res.writeHead(status).end());
    telemetry.instrument();
    await askNode(origin, { method, agent: httpAgent() });
    const { attributes, events } = await telemetry.onlyShown();
    expect(attributes).toMatchObject({ 'http.response.status_code': status });
    expect(events.at(-1)).toEqual(['http.receive.done', {}]);
  });

  it('ends when nobody listens for the response', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const request = nodeRequest(origin, { agent: httpAgent() }).end();
    await once(request, 'close');
    expect(await telemetry.onlyShown()).toMatchObject({ status: { code: 'UNSET' } });
  });

  it('ends with a body that is read long after its connection was closed', async () => {
    const { origin } = await httpServer((_req, res) => res.setHeader('connection', 'close').end('all of it'));
    telemetry.instrument();
    const request = nodeRequest(origin, { agent: httpAgent() }).end();
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    await once(request, 'close');
    expect(await telemetry.onlyShown()).toMatchObject({ status: { code: 'UNSET' } });
    expect(await textOf(response)).toBe('all of it');
  });

  it('names a method that it does not know HTTP', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    await askNode(origin, { method: 'PROPFIND', agent: httpAgent() });
    expect(await telemetry.onlyShown()).toMatchObject({
      name: 'HTTP',
      attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' },
    });
  });

  it('hides userinfo and signatures, and knows a host that is named in the header', async () => {
    const { origin, port } = await httpServer();
    telemetry.instrument();
    await askNode(`${origin.replace('//', '//user:secret@')}/a?X-Amz-Signature=abc&b=1`, {
      agent: httpAgent(),
      headers: { Host: 'front.example:8080' },
    });
    const { attributes } = await telemetry.onlyShown();
    expect(attributes).toMatchObject({
      'url.full': `http://127.0.0.1:${port}/a?X-Amz-Signature=REDACTED&b=1`,
      'server.address': 'front.example',
      'server.port': 8080,
    });
  });

  it('knows the server behind a proxy that forwards', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    await askNode(origin, { path: 'http://target.example/a', agent: httpAgent() });
    expect((await telemetry.onlyShown()).attributes).toMatchObject({
      'url.full': 'http://target.example/a',
      'server.address': 'target.example',
      'server.port': 80,
    });
  });

  it('tells when the head is sent, though the connection was there before', async () => {
    const { origin } = await httpServer((req, res) => req.resume().on('end', () => res.end()));
    telemetry.instrument();
    const agent = httpAgent();
    await askNode(origin, { agent });
    const request = nodeRequest(origin, { agent, method: 'POST' });
    await once(request, 'socket');
    await setTimeout(30);
    const answer = answerOf(request);
    request.end('body');
    await answer;
    const [, span] = await telemetry.finished();
    const at = (name: string) => {
      const [seconds, nanos] = span?.events.find((event) => event.name === name)?.time ?? [0, 0];
      return seconds * 1e3 + nanos / 1e6;
    };
    expect(at('http.send.start') - at('http.getconn.done')).toBeGreaterThan(25);
    expect(at('http.send.done')).toBeGreaterThanOrEqual(at('http.send.start'));
  });
});

describe('informational responses to node:http', () => {
  it('are told one by one, and are not the response', async () => {
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () =>
        socket.write(
          'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n' +
            'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
        ),
      ),
    );
    telemetry.instrument();
    await askNode(origin, { agent: httpAgent() });
    const { attributes, events } = await telemetry.onlyShown();
    expect(attributes['http.response.status_code']).toBe(200);
    expect(events.slice(-4)).toEqual([
      ['http.receive.start', {}],
      ['GOT 1xx', { 'http.response.status_code': 102 }],
      ['GOT 1xx', { 'http.response.status_code': 103 }],
      ['http.receive.done', {}],
    ]);
  });

  it('tell of the body that waited for 100 Continue', async () => {
    const { origin } = await httpServer((req, res) => req.resume().on('end', () => res.end()));
    telemetry.instrument();
    await askNode(origin, { method: 'PUT', body: 'hello', expectContinue: true, agent: httpAgent() });
    const { events } = await telemetry.onlyShown();
    expect(events.map(([name]) => name).slice(4)).toEqual([
      'http.send.start',
      'GOT 100 - Wait',
      'http.receive.start',
      'GOT 100 - Continue',
      'GOT 1xx',
      'http.send.done',
      'http.receive.done',
    ]);
  });

  it('are none where the server does not want the body', async () => {
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () => socket.write('HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n')),
    );
    telemetry.instrument();
    const headers = { Expect: '100-continue', 'Content-Length': 5 };
    const request = nodeRequest(origin, { method: 'PUT', headers, agent: false });
    request.flushHeaders();
    const { status } = await answerOf(request);
    request.destroy();
    expect(status).toBe(417);
    const { attributes, events } = await telemetry.onlyShown();
    expect(attributes).toMatchObject({ 'http.response.status_code': 417, 'error.type': '417' });
    expect(events.map(([name]) => name).slice(4)).toEqual([
      'http.send.start',
      'GOT 100 - Wait',
      'http.receive.start',
      'http.receive.done',
    ]);
  });
});
