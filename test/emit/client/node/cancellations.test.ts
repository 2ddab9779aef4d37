import { once } from 'node:events';
import type * as http from 'node:http';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { httpAgent, nodeRequest, textOf } from '../../../support/clients/node-clients.js';
import { deferred } from '../../../support/deferred.js';
import { listen } from '../../../support/servers/listen.js';
import { answering, onEachHead, rawServer, silentServer } from '../../../support/servers/raw-server.js';
import {
  connected,
  dialled,
  durations,
  EXCHANGE,
  givenUpIn,
  gotNew,
  requested,
  SENT,
  type ShownEvent,
  wanted,
} from '../../../support/telemetry/expected-span.js';
import { seconds, useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** The head of a response of ten bytes, and five of them. */
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello';
const WHOLE = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

/** A request under way, and what gives it up. */
interface Given {
  readonly request: http.ClientRequest;
  readonly controller: AbortController;
}

/** How a caller gives up a request: none of these is an error. */
const WAYS: readonly (readonly [name: string, giveUp: (given: Given) => unknown])[] = [
  ['destroy()', ({ request }) => request.destroy()],
  ['abort()', ({ request }) => request.abort()],
  ['a signal', ({ controller }) => controller.abort()],
  ['a signal with a reason', ({ controller }) => controller.abort(new Error('superseded'))],
];

function begin(url: string, options: Parameters<typeof nodeRequest>[1] = {}): Given {
  const controller = new AbortController();
  const request = nodeRequest(url, { agent: false, signal: controller.signal, ...options });
  request.on('error', () => undefined).end();
  return { request, controller };
}

function closed({ request }: Given): Promise<unknown> {
  return new Promise((resolve) => request.on('close', resolve));
}

/** The head of the response, with all that arrived so far. */
async function answered({ request }: Given): Promise<http.IncomingMessage> {
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.on('error', () => undefined);
  return response;
}

describe('a request of node:http that the caller gives up', () => {
  // A cancellation is what the caller wanted: neither the span nor the metric may call it an error.
  afterEach(async () => {
    for (const { attributes } of await telemetry.durations()) {
      expect(attributes).not.toHaveProperty('error.type');
    }
  });

  describe.each(WAYS)('by %s', (_name, giveUp) => {
    it('as soon as it is made', async () => {
      const { origin, port } = await silentServer();
      telemetry.instrument();
      const given = begin(`${origin}/`);
      giveUp(given);
      await closed(given);
      const { status, attributes, events } = await telemetry.onlyShown();
      expect({ status, attributes, events }).toEqual({
        status: { code: 'UNSET' },
        attributes: { ...requested(origin, '/'), ...givenUpIn('connect', 'getconn') },
        events: [wanted('127.0.0.1', port), ...dialled(port).slice(0, 1)],
      });
    });

    it('while it waits for the connection of another one', async () => {
      const { origin, port } = await rawServer(answering(WHOLE));
      telemetry.instrument();
      const agent = httpAgent({ maxSockets: 1 });
      const first = begin(`${origin}/first`, { agent });
      const second = begin(`${origin}/second`, { agent });
      giveUp(second);
      await textOf(await answered(first));
      const spans = await telemetry.shown();
      expect(spans.find(({ attributes }) => attributes['url.full'] === `${origin}/second`)).toMatchObject({
        status: { code: 'UNSET' },
        attributes: { ...requested(origin, '/second'), ...givenUpIn('getconn') },
        events: [wanted('127.0.0.1', port)],
      });
    });

    it('while its name is looked up', async () => {
      const { port } = await silentServer();
      telemetry.instrument();
      const given = begin(`http://slow.example:${port}/`, {
        lookup: () => {
          setImmediate().then(() => giveUp(given));
        },
      });
      await closed(given);
      const { status, attributes, events } = await telemetry.onlyShown();
      expect({ status, attributes, events }).toEqual({
        status: { code: 'UNSET' },
        attributes: { ...requested(`http://slow.example:${port}`, '/'), ...givenUpIn('dns', 'getconn') },
        events: [wanted('slow.example', port), ['http.dns.start', { 'dns.question.name': 'slow.example' }]],
      });
    });

    it('in its handshake', async () => {
      const port = await listen(createServer((socket) => socket.on('error', () => undefined)));
      telemetry.instrument();
      const given = begin(`https://127.0.0.1:${port}/`);
      given.request.on('socket', (socket) =>
        socket.on('connect', () => setImmediate().then(() => giveUp(given))),
      );
      await closed(given);
      const { status, attributes, events } = await telemetry.onlyShown();
      expect({ status, attributes, events }).toEqual({
        status: { code: 'UNSET' },
        attributes: {
          ...requested(`https://127.0.0.1:${port}`, '/'),
          ...givenUpIn('tls', 'getconn', 'connect'),
        },
        events: [wanted('127.0.0.1', port), ...dialled(port), ['http.tls.start', {}]],
      });
    });

    it('while it waits for the response', async () => {
      const { origin, port, received } = await silentServer();
      telemetry.instrument();
      const given = begin(`${origin}/`);
      await received;
      giveUp(given);
      await closed(given);
      expect(await telemetry.onlyShown()).toEqual({
        name: 'GET',
        kind: 'CLIENT',
        status: { code: 'UNSET' },
        attributes: {
          ...requested(origin, '/'),
          ...connected(port),
          ...givenUpIn('wait', 'getconn', 'connect', 'send'),
        },
        events: [wanted('127.0.0.1', port), ...dialled(port), gotNew(port), ...SENT],
      });
    });

    it('in the body', async () => {
      const { origin, port } = await rawServer(answering(HALF));
      telemetry.instrument();
      const given = begin(`${origin}/`);
      await once(await answered(given), 'data');
      giveUp(given);
      await closed(given);
      expect(await telemetry.onlyShown()).toEqual(givenUpInBody(origin, port));
    });

    it('while it sends its own body', async () => {
      const { origin, received } = await silentServer();
      telemetry.instrument();
      const controller = new AbortController();
      const request = nodeRequest(origin, { agent: false, method: 'POST', signal: controller.signal });
      request.on('error', () => undefined).write('begun');
      await received;
      const given = { request, controller };
      giveUp(given);
      await closed(given);
      const { status, attributes, events } = await telemetry.onlyShown();
      expect(status).toEqual({ code: 'UNSET' });
      expect(attributes).toMatchObject(givenUpIn('send', 'getconn', 'connect'));
      expect(events.at(-1)).toEqual(['http.send.start', {}]);
    });
  });

  it.each([
    ['destroy()', (response: http.IncomingMessage) => response.destroy()],
    ['destroy(error)', (response: http.IncomingMessage) => response.destroy(new Error('read enough'))],
    [
      'leaving a loop',
      async (response: http.IncomingMessage) => {
        for await (const _chunk of response) {
          break;
        }
      },
    ],
  ])('by %s of its response', async (_name, giveUp) => {
    const { origin, port } = await rawServer(answering(HALF));
    telemetry.instrument();
    const given = begin(`${origin}/`);
    const response = await answered(given);
    const over = closed(given);
    await giveUp(response);
    await over;
    expect(await telemetry.onlyShown()).toEqual(givenUpInBody(origin, port));
  });

  function givenUpInBody(origin: string, port: number) {
    return {
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        ...requested(origin, '/'),
        ...connected(port),
        ...givenUpIn('receive', 'getconn', 'connect', 'send', 'wait'),
        'http.response.status_code': 200,
      },
      events: [
        wanted('127.0.0.1', port),
        ...dialled(port),
        gotNew(port),
        ...EXCHANGE.slice(0, 3),
      ] as ShownEvent[],
    };
  }

  it('in the body ended when the last part of that arrived', async () => {
    const firstSeen = deferred();
    let sentAt = Number.NaN;
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, async () => {
        socket.write(HALF);
        await firstSeen.promise;
        sentAt = performance.now();
        socket.write('w');
      }),
    );
    telemetry.instrument();
    const beganAt = performance.now();
    const given = begin(origin);
    const madeAt = performance.now();
    const response = await answered(given);
    await once(response, 'data');
    // What is told of the first part must not do for the last one.
    await setTimeout(20);
    firstSeen.resolve();
    await once(response, 'data');
    const seenAt = performance.now();
    await setTimeout(20);
    response.destroy();
    await closed(given);
    const { duration } = await telemetry.only();
    expect(seconds(duration) * 1000).toBeGreaterThanOrEqual(sentAt - madeAt);
    expect(seconds(duration) * 1000).toBeLessThanOrEqual(seenAt - beganAt);
  });

  it('by never reading it ended when the last part arrived, whoever cleans up', async () => {
    const { origin, connections } = await rawServer(answering(WHOLE));
    telemetry.instrument();
    const beganAt = performance.now();
    const given = begin(origin, { agent: httpAgent() });
    await answered(given);
    await setTimeout(20);
    const seenAt = performance.now();
    await setTimeout(20);
    connections[0]?.end();
    await closed(given);
    const { status, duration } = await telemetry.only();
    expect(status).toEqual({ code: 0 });
    expect(seconds(duration) * 1000).toBeLessThanOrEqual(seenAt - beganAt);
  });
});

describe('a request of node:http whose time is over', () => {
  const TIMED_OUT = { 'error.type': 'TimeoutError' };
  /** Long enough to have a connection by then, on a busy machine too. */
  const LIMIT = 400;

  it.each([
    [
      'a signal of AbortSignal.timeout',
      'TimeoutError',
      () => ({ signal: AbortSignal.timeout(LIMIT) }),
      () => undefined,
    ],
    [
      'its timeout event, and destroy()',
      'TimeoutError',
      () => ({ timeout: LIMIT }),
      (request: http.ClientRequest) => request.on('timeout', () => request.destroy()),
    ],
    [
      'setTimeout, and an error of its own',
      'E_SLOW',
      () => ({}),
      (request: http.ClientRequest) =>
        request.setTimeout(LIMIT, () =>
          request.destroy(Object.assign(new Error('slow'), { code: 'E_SLOW' })),
        ),
    ],
  ])('by %s failed', async (_name, type, options, limit) => {
    const { origin, port } = await silentServer();
    telemetry.instrument();
    const request = nodeRequest(`${origin}/`, { agent: false, ...options() });
    limit(request);
    const over = new Promise((resolve) => request.on('close', resolve));
    request.on('error', () => undefined).end();
    await over;
    const { status, attributes, events } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR', message: expect.any(String) });
    expect(attributes).toEqual({
      ...requested(origin, '/'),
      ...connected(port),
      ...durations('getconn', 'connect', 'send', 'wait'),
      'error.type': type,
      'httptrace.failed_phase': 'wait',
    });
    expect(events).toEqual([wanted('127.0.0.1', port), ...dialled(port), gotNew(port), ...SENT]);
    expect((await telemetry.durations())[0]?.attributes).toMatchObject({ 'error.type': type });
  });

  it.each([
    ['reset by the server', 'ECONNRESET', (socket: Socket) => socket.resetAndDestroy()],
    [
      'answered',
      undefined,
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
    ],
  ])('as the program has logged, and that is %s, ended as it did', async (_what, type, finish) => {
    const server = await rawServer((socket) => socket.resume());
    telemetry.instrument();
    const request = nodeRequest(server.origin, { agent: false, timeout: 50 });
    const over = new Promise((resolve) => request.on('close', resolve));
    request.on('error', () => undefined).on('response', (response) => response.resume());
    request.on('timeout', () => server.connections.map(finish)).end();
    await over;
    expect((await telemetry.only()).attributes['error.type']).toBe(type);
  });

  it('in the body failed there', async () => {
    const { origin } = await rawServer(answering(HALF));
    telemetry.instrument();
    const request = nodeRequest(origin, { agent: false, signal: AbortSignal.timeout(LIMIT) });
    request.on('error', () => undefined).end();
    const given = { request, controller: new AbortController() };
    (await answered(given)).resume();
    await closed(given);
    expect(await telemetry.onlyShown()).toMatchObject({
      status: { code: 'ERROR' },
      attributes: { ...TIMED_OUT, 'http.response.status_code': 200, 'httptrace.failed_phase': 'receive' },
    });
  });

  it('fails with what came later, if the program waited on after the timeout event', async () => {
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () => timedOut.promise.then(() => socket.resetAndDestroy())),
    );
    const timedOut = deferred();
    telemetry.instrument();
    const given = begin(origin, { timeout: 20 });
    given.request.on('timeout', timedOut.resolve);
    await closed(given);
    const { attributes } = await telemetry.onlyShown();
    expect(attributes).toMatchObject({ 'error.type': 'ECONNRESET', 'httptrace.failed_phase': 'wait' });
  });

  it('but that is answered nevertheless did not fail', async () => {
    const timedOut = deferred();
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () => timedOut.promise.then(() => socket.write(WHOLE))),
    );
    telemetry.instrument();
    const given = begin(origin, { timeout: 20 });
    given.request.on('timeout', timedOut.resolve);
    await textOf(await answered(given));
    expect(await telemetry.onlyShown()).toMatchObject({ status: { code: 'UNSET' } });
  });
});
