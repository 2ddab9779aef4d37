import { once } from 'node:events';
import type * as http from 'node:http';
import type * as https from 'node:https';
import { setImmediate } from 'node:timers/promises';
import { SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { httpAgent, nodeRequest } from '../../../support/clients/node-clients.js';
import { CA, certificate } from '../../../support/servers/certificates.js';
import {
  answering,
  onEachHead,
  rawServer,
  refusedPort,
  resettingServer,
  silentServer,
} from '../../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../../support/servers/truthful-server.js';
import {
  connected,
  dialled,
  durations,
  gotNew,
  gotNone,
  lookedUp,
  requested,
  SENT,
  wanted,
} from '../../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** The head of a response of ten bytes, and five of them. */
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello';

/** Waits for the `close` of a request; what the program sees of its failure is no subject here. */
function over(request: http.ClientRequest): Promise<unknown> {
  return new Promise((resolve) => {
    request
      .on('error', () => undefined)
      .on('response', (response) => response.on('error', () => undefined).resume())
      .on('close', resolve);
  });
}

/** Makes a GET, and waits until it is over. */
function failing(url: string, options: Parameters<typeof nodeRequest>[1] = {}): Promise<unknown> {
  return over(nodeRequest(url, { agent: false, ...options }).end());
}

describe('the span of a request of node:http that fails', () => {
  it('because the port is closed', async () => {
    const port = await refusedPort();
    telemetry.instrument();
    await failing(`http://127.0.0.1:${port}/`);
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'ERROR', message: `connect ECONNREFUSED 127.0.0.1:${port}` },
      attributes: {
        ...requested(`http://127.0.0.1:${port}`, '/'),
        ...durations('getconn', 'connect'),
        'error.type': 'ECONNREFUSED',
        'httptrace.failed_phase': 'connect',
      },
      events: [wanted('127.0.0.1', port), ...dialled(port, 'ECONNREFUSED'), gotNone('ECONNREFUSED')],
    });
  });

  it.each([
    ['http', { port: 99_999 }, 'ERR_SOCKET_BAD_PORT'],
    ['http', { port: 1, localAddress: 'nowhere' }, 'ERR_INVALID_IP_ADDRESS'],
    ['https', { port: 1, ca: CA, minVersion: 'TLSv9' }, 'ERR_TLS_INVALID_PROTOCOL_VERSION'],
  ])('because %s cannot be asked with %o, which the program catches', async (scheme, options, code) => {
    telemetry.instrument();
    const ask = () => nodeRequest(`${scheme}://127.0.0.1/`, options as https.RequestOptions);
    expect(ask).toThrow(expect.objectContaining({ code }));
    await setImmediate();
    const { status, attributes } = await telemetry.only();
    expect(attributes['error.type']).toBe(code);
    expect(status.code).toBe(SpanStatusCode.ERROR);
  });

  it('after its response is complete has not failed, whatever becomes of the connection', async () => {
    const server = await rawServer((socket) =>
      onEachHead(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')),
    );
    telemetry.instrument();
    const request = nodeRequest(server.origin, { agent: false });
    const failed = new Promise((resolve) => request.on('error', resolve));
    const closed = new Promise((resolve) => request.on('close', resolve));
    request.end();
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    while (!response.complete) {
      await setImmediate();
    }
    server.connections.map((socket) => socket.resetAndDestroy());
    await Promise.all([failed, closed]);
    response.resume();
    const { attributes } = await telemetry.only();
    expect(attributes).toMatchObject({ 'http.response.status_code': 200 });
    expect(attributes['error.type']).toBe(undefined);
  });

  it('after the handshake has what was asked for of the certificate', async () => {
    const { port } = await httpsServer((request) => request.socket.destroy());
    telemetry.instrument({ optInAttributes: ['tls.server.subject'] });
    await failing(`https://localhost:${port}/`, { ca: CA });
    const { events } = await telemetry.only();
    expect(events.find(({ name }) => name === 'http.tls.done')?.attributes).toMatchObject({
      'tls.server.subject': 'CN=localhost',
    });
  });

  it('because the name does not exist', async () => {
    telemetry.instrument();
    const error = Object.assign(new Error('getaddrinfo ENOTFOUND nowhere.example'), { code: 'ENOTFOUND' });
    await failing('http://nowhere.example/', {
      lookup: (_name, _options, done) => setImmediate().then(() => done(error, '', 0)),
    });
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'ERROR', message: 'getaddrinfo ENOTFOUND nowhere.example' },
      attributes: {
        'http.request.method': 'GET',
        'url.full': 'http://nowhere.example/',
        'server.address': 'nowhere.example',
        'server.port': 80,
        ...durations('getconn', 'dns'),
        'error.type': 'ENOTFOUND',
        'httptrace.failed_phase': 'dns',
      },
      events: [
        wanted('nowhere.example', 80),
        ['http.dns.start', { 'dns.question.name': 'nowhere.example' }],
        ['http.dns.done', { 'dns.question.name': 'nowhere.example', 'error.type': 'ENOTFOUND' }],
        gotNone('ENOTFOUND'),
      ],
    });
  });

  it.each([
    ['expired', 'CERT_HAS_EXPIRED'],
    ['wrong-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const)('because the certificate is %s', async (name, type) => {
    const { port } = await httpsServer(undefined, certificate(name));
    telemetry.instrument();
    await failing(`https://localhost:${port}/`, { ca: CA, family: 4 });
    const { status, attributes, events } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR', message: expect.any(String) });
    expect(attributes).toEqual({
      ...requested(`https://localhost:${port}`, '/'),
      ...durations('getconn', 'dns', 'connect', 'tls'),
      'error.type': type,
      'httptrace.failed_phase': 'tls',
    });
    expect(events).toEqual([
      wanted('localhost', port),
      ...lookedUp('localhost'),
      ...dialled(port),
      ['http.tls.start', { 'server.address': 'localhost' }],
      ['http.tls.done', expect.objectContaining({ 'tls.established': false, 'error.type': type })],
      gotNone(type),
    ]);
  });

  it('because the server resets the connection', async () => {
    const { origin, port } = await resettingServer();
    telemetry.instrument();
    await failing(`${origin}/`);
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'ERROR', message: 'read ECONNRESET' },
      attributes: {
        ...requested(origin, '/'),
        ...connected(port),
        ...durations('getconn', 'connect', 'send', 'wait'),
        'error.type': 'ECONNRESET',
        'httptrace.failed_phase': 'wait',
      },
      events: [wanted('127.0.0.1', port), ...dialled(port), gotNew(port), ...SENT],
    });
  });

  it('because the server closes the connection before it answers', async () => {
    const { origin } = await rawServer((socket) => onEachHead(socket, () => socket.end()));
    telemetry.instrument();
    await failing(origin);
    const { status, attributes } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR', message: 'socket hang up' });
    expect(attributes).toMatchObject({ 'error.type': 'ECONNRESET', 'httptrace.failed_phase': 'wait' });
  });

  it('because the server sends no HTTP', async () => {
    const { origin } = await rawServer(answering('this is no HTTP\r\n\r\n'));
    telemetry.instrument();
    await failing(origin);
    const { status, attributes } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR', message: expect.stringContaining('Parse Error') });
    expect(attributes).toMatchObject({
      'error.type': 'HPE_INVALID_CONSTANT',
      'httptrace.failed_phase': 'wait',
    });
  });

  it.each([
    ['closes the connection', (socket: { end(): unknown }) => socket.end(), 'aborted'],
    [
      'resets the connection',
      (socket: { resetAndDestroy(): unknown }) => socket.resetAndDestroy(),
      'read ECONNRESET',
    ],
  ])('because the server %s within the body', async (_name, give, message) => {
    const { origin, port } = await rawServer((socket) =>
      onEachHead(socket, () => socket.write(HALF, () => setTimeout(() => give(socket), 20))),
    );
    telemetry.instrument();
    await failing(`${origin}/`);
    const { status, attributes, events } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR', message });
    expect(attributes).toEqual({
      ...requested(origin, '/'),
      ...connected(port),
      ...durations('getconn', 'connect', 'send', 'wait', 'receive'),
      'http.response.status_code': 200,
      'error.type': 'ECONNRESET',
      'httptrace.failed_phase': 'receive',
    });
    expect(events.at(-1)).toEqual(['http.receive.done', { 'error.type': 'ECONNRESET' }]);
  });

  it('while it sends its body', async () => {
    const { origin } = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    telemetry.instrument();
    const request = nodeRequest(origin, { agent: false, method: 'POST' });
    request.write('begun');
    await over(request);
    const { attributes, events } = await telemetry.onlyShown();
    expect(attributes).toMatchObject({ 'error.type': 'ECONNRESET', 'httptrace.failed_phase': 'send' });
    expect(events.at(-1)).toEqual(['http.send.done', { 'error.type': 'ECONNRESET' }]);
  });

  it('with an error of the program itself', async () => {
    const { origin, received } = await silentServer();
    telemetry.instrument();
    const request = nodeRequest(origin, { agent: false }).end();
    received.then(() => request.destroy(Object.assign(new Error('had enough'), { code: 'E_ENOUGH' })));
    await over(request);
    const { status, attributes } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR', message: 'had enough' });
    expect(attributes).toMatchObject({ 'error.type': 'E_ENOUGH', 'httptrace.failed_phase': 'wait' });
  });

  it('because an agent cannot connect', async () => {
    telemetry.instrument();
    const agent = httpAgent();
    Object.assign(agent, {
      createConnection: (_options: unknown, done: (error: Error) => void) =>
        done(new RangeError('no sockets today')),
    });
    await failing('http://127.0.0.1/', { agent });
    const { status, attributes } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR', message: 'no sockets today' });
    expect(attributes).toMatchObject({ 'error.type': 'RangeError', 'httptrace.failed_phase': 'getconn' });
  });

  it('because its own way to connect throws, after which it never closes', async () => {
    telemetry.instrument();
    const request = nodeRequest('http://127.0.0.1/', {
      createConnection: () => {
        throw new RangeError('no sockets at all');
      },
    });
    await once(request.end(), 'error').catch(() => undefined);
    expect(await telemetry.onlyShown()).toMatchObject({
      status: { code: 'ERROR', message: 'no sockets at all' },
      attributes: { 'error.type': 'RangeError' },
    });
  });

  it('on two requests that one connection fails', async () => {
    const { origin } = await rawServer((socket) => onEachHead(socket, () => socket.resetAndDestroy()));
    telemetry.instrument();
    const agent = httpAgent({ maxSockets: 1 });
    await Promise.all([1, 2].map((n) => failing(`${origin}/${n}`, { agent })));
    const spans = await telemetry.shown();
    expect(spans.map(({ attributes }) => attributes['error.type'])).toEqual(['ECONNRESET', 'ECONNRESET']);
  });

  it.each([404, 500])('by a status of %d', async (status) => {
    const { origin } = await httpServer((_req, res) => {
      res.statusCode = status;
      res.end();
    });
    telemetry.instrument();
    await failing(origin);
    expect(await telemetry.onlyShown()).toMatchObject({
      status: { code: 'ERROR' },
      attributes: { 'http.response.status_code': status, 'error.type': String(status) },
    });
  });
});
