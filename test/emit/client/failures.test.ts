import { describe, expect, it, onTestFinished } from 'vitest';
import { UNDICI_FLAVOURS, type UndiciFlavour } from '../../support/clients/undici-flavours.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import {
  answering,
  onEachHead,
  rawServer,
  refusedPort,
  resettingServer,
  silentServer,
} from '../../support/servers/raw-server.js';
import { httpsServer } from '../../support/servers/truthful-server.js';
import {
  connected,
  dialled,
  durations,
  EXCHANGE,
  gotNew,
  gotNone,
  lookedUp,
  requested,
  SENT,
  type ShownEvent,
  wanted,
} from '../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

type AgentOptions = ConstructorParameters<UndiciFlavour['Agent']>[0];
type Init = NonNullable<Parameters<UndiciFlavour['fetch']>[1]>;

/** What the head of a response of ten bytes looks like; five follow. */
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello';

describe.each(UNDICI_FLAVOURS)('$name: the span of a request that fails', (flavour) => {
  /** What the program sees of it is no subject here. */
  async function failing(url: string, options: AgentOptions = {}, init: Init = {}): Promise<void> {
    const agent = new flavour.Agent(options);
    onTestFinished(() => agent.destroy());
    await flavour
      .fetch(url, { ...init, dispatcher: agent })
      .then((response) => response.text())
      .catch(() => undefined);
  }

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

  it('because the name does not exist', async () => {
    telemetry.instrument();
    const error = Object.assign(new Error('getaddrinfo ENOTFOUND nowhere.example'), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
    });
    await failing('http://nowhere.example/', {
      connect: { lookup: (_name, _options, callback) => setImmediate(callback, error, '', 0) },
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
    await failing(`https://localhost:${port}/`, { connect: { ca: CA, ecdhCurve: 'X25519' } });
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
      [
        'http.tls.done',
        {
          'tls.protocol.name': 'tls',
          'tls.protocol.version': '1.3',
          'tls.cipher': 'TLS_AES_256_GCM_SHA384',
          'tls.curve': 'X25519',
          'tls.next_protocol': 'http/1.1',
          'tls.resumed': false,
          'tls.established': false,
          'error.type': type,
        },
      ],
      gotNone(type),
    ]);
  });

  it('because the connection was reset before the response', async () => {
    const { port, origin } = await resettingServer();
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

  it('because it could not be sent', async () => {
    const { port, origin } = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    telemetry.instrument();
    const endless = new ReadableStream({
      pull: async (controller) => {
        await new Promise(setImmediate);
        controller.enqueue(Buffer.alloc(1000));
      },
    });
    await failing(`${origin}/`, {}, { method: 'POST', body: endless, duplex: 'half' });
    const { status, attributes, events } = await telemetry.onlyShown();
    const type = attributes['error.type'];
    expect(type).toMatch(/^(ECONNRESET|EPIPE)$/);
    expect({ status, attributes, events }).toEqual({
      status: { code: 'ERROR', message: expect.stringContaining(String(type)) },
      attributes: {
        ...requested(origin, '/'),
        'http.request.method': 'POST',
        ...connected(port),
        ...durations('getconn', 'connect', 'send'),
        'error.type': type,
        'httptrace.failed_phase': 'send',
      },
      events: [
        wanted('127.0.0.1', port),
        ...dialled(port),
        gotNew(port),
        ['http.send.start', {}],
        ['http.send.done', { 'error.type': type }],
      ],
    });
  });

  const cutShort = (port: number, origin: string, type: string, message: string) => ({
    name: 'GET',
    kind: 'CLIENT',
    status: { code: 'ERROR', message },
    attributes: {
      ...requested(origin, '/'),
      ...connected(port),
      ...durations('getconn', 'connect', 'send', 'wait', 'receive'),
      'http.response.status_code': 200,
      'error.type': type,
      'httptrace.failed_phase': 'receive',
    },
    events: [
      wanted('127.0.0.1', port),
      ...dialled(port),
      gotNew(port),
      ...EXCHANGE.slice(0, 3),
      ['http.receive.done', { 'error.type': type }] as ShownEvent,
    ],
  });

  it('because the body was cut short', async () => {
    const { port, origin } = await rawServer((socket) => onEachHead(socket, () => socket.end(HALF)));
    telemetry.instrument();
    await failing(`${origin}/`);
    expect(await telemetry.onlyShown()).toEqual(
      cutShort(port, origin, 'UND_ERR_SOCKET', 'other side closed'),
    );
  });

  it('by a timeout of undici', async () => {
    // All at once: the clock of undici ticks once in a second.
    const [inBody, beforeHead, inHandshake] = await Promise.all([
      rawServer(answering(HALF)),
      silentServer(),
      silentServer(),
    ]);
    telemetry.instrument();
    await Promise.all([
      failing(`${inBody.origin}/`, { bodyTimeout: 20 }),
      failing(`${beforeHead.origin}/`, { headersTimeout: 20 }),
      failing(`https://localhost:${inHandshake.port}/`, { connectTimeout: 20 }),
      failing('http://slow.example/', { connect: { timeout: 20, lookup: () => undefined } }),
    ]);
    const spans = await telemetry.shown();
    const spanOf = (port: number) => spans.find(({ attributes }) => attributes['server.port'] === port);
    expect(spanOf(inBody.port)).toEqual(
      cutShort(inBody.port, inBody.origin, 'UND_ERR_BODY_TIMEOUT', 'Body Timeout Error'),
    );
    expect(spanOf(beforeHead.port)).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'ERROR', message: 'Headers Timeout Error' },
      attributes: {
        ...requested(beforeHead.origin, '/'),
        ...connected(beforeHead.port),
        ...durations('getconn', 'connect', 'send', 'wait'),
        'error.type': 'UND_ERR_HEADERS_TIMEOUT',
        'httptrace.failed_phase': 'wait',
      },
      events: [
        wanted('127.0.0.1', beforeHead.port),
        ...dialled(beforeHead.port),
        gotNew(beforeHead.port),
        ...SENT,
      ],
    });
    expect(spanOf(inHandshake.port)).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'ERROR', message: expect.stringMatching(/^Connect Timeout Error/) },
      attributes: {
        ...requested(`https://localhost:${inHandshake.port}`, '/'),
        ...durations('getconn', 'dns', 'connect', 'tls'),
        'error.type': 'UND_ERR_CONNECT_TIMEOUT',
        'httptrace.failed_phase': 'tls',
      },
      events: [
        wanted('localhost', inHandshake.port),
        ...lookedUp('localhost'),
        ...dialled(inHandshake.port),
        ['http.tls.start', { 'server.address': 'localhost' }],
        [
          'http.tls.done',
          { 'tls.resumed': false, 'tls.established': false, 'error.type': 'UND_ERR_CONNECT_TIMEOUT' },
        ],
        gotNone('UND_ERR_CONNECT_TIMEOUT'),
      ],
    });
    expect(spanOf(80)).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'ERROR', message: expect.stringMatching(/^Connect Timeout Error/) },
      attributes: {
        ...requested('http://slow.example', '/'),
        'server.port': 80,
        ...durations('getconn', 'dns'),
        'error.type': 'UND_ERR_CONNECT_TIMEOUT',
        'httptrace.failed_phase': 'dns',
      },
      events: [
        wanted('slow.example', 80),
        ['http.dns.start', { 'dns.question.name': 'slow.example' }],
        ['http.dns.done', { 'dns.question.name': 'slow.example', 'error.type': 'UND_ERR_CONNECT_TIMEOUT' }],
        gotNone('UND_ERR_CONNECT_TIMEOUT'),
      ],
    });
  });

  it('by AbortSignal.timeout while it waits for the response', async () => {
    const { signal, start } = laterTimeout();
    const { port, origin } = await rawServer((socket) => onEachHead(socket, start));
    telemetry.instrument();
    await failing(`${origin}/`, {}, { signal });
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'ERROR', message: 'The operation was aborted due to timeout' },
      attributes: {
        ...requested(origin, '/'),
        ...connected(port),
        ...durations('getconn', 'connect', 'send', 'wait'),
        'error.type': 'TimeoutError',
        'httptrace.failed_phase': 'wait',
      },
      events: [wanted('127.0.0.1', port), ...dialled(port), gotNew(port), ...SENT],
    });
  });

  it('by AbortSignal.timeout in the body', async () => {
    const { signal, start } = laterTimeout();
    const { port, origin } = await rawServer(answering(HALF));
    telemetry.instrument({ client: { responseHook: start } });
    await failing(`${origin}/`, {}, { signal });
    expect(await telemetry.onlyShown()).toEqual(
      cutShort(port, origin, 'TimeoutError', 'The operation was aborted due to timeout'),
    );
  });

  it('with the dial of another request: without that dial', async () => {
    const port = await refusedPort();
    telemetry.instrument();
    const client = new flavour.Client(`http://127.0.0.1:${port}`);
    onTestFinished(() => client.destroy());
    await Promise.allSettled(
      ['/first', '/second'].map((path) =>
        flavour.fetch(`http://127.0.0.1:${port}${path}`, { dispatcher: client }),
      ),
    );
    const failure = { code: 'ERROR', message: `connect ECONNREFUSED 127.0.0.1:${port}` };
    const [first, second] = await telemetry.shown();
    expect(first).toMatchObject({
      status: failure,
      attributes: { 'url.full': `http://127.0.0.1:${port}/first`, 'httptrace.failed_phase': 'connect' },
      events: [wanted('127.0.0.1', port), ...dialled(port, 'ECONNREFUSED'), gotNone('ECONNREFUSED')],
    });
    expect(second).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: failure,
      attributes: {
        ...requested(`http://127.0.0.1:${port}`, '/second'),
        ...durations('getconn'),
        'error.type': 'ECONNREFUSED',
        'httptrace.failed_phase': 'getconn',
      },
      events: [wanted('127.0.0.1', port), gotNone('ECONNREFUSED')],
    });
  });

  it('says the same type on its metric', async () => {
    const port = await refusedPort();
    const { signal, start } = laterTimeout();
    const { origin } = await rawServer((socket) => onEachHead(socket, start));
    telemetry.instrument();
    await failing(`http://127.0.0.1:${port}/`);
    await failing(`${origin}/`, {}, { signal });
    const types = (await telemetry.finished()).map(({ attributes }) => attributes['error.type']);
    expect(types).toEqual(['ECONNREFUSED', 'TimeoutError']);
    expect((await telemetry.durations()).map(({ attributes }) => attributes['error.type'])).toEqual(types);
  });
});

/** What `AbortSignal.timeout` does, once the request is where it is to be interrupted. */
function laterTimeout(): { signal: AbortSignal; start: () => void } {
  const controller = new AbortController();
  const start = () => {
    const timeout = AbortSignal.timeout(10);
    timeout.addEventListener('abort', () => controller.abort(timeout.reason));
  };
  return { signal: controller.signal, start };
}
