import type { LookupFunction } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { deferred } from '../../support/deferred.js';
import { answering, onEachHead, rawServer } from '../../support/servers/raw-server.js';
import { httpServer } from '../../support/servers/truthful-server.js';
import {
  connected,
  dialled,
  EXCHANGE,
  givenUpIn,
  gotNew,
  lookedUp,
  requested,
  SENT,
  wanted,
} from '../../support/telemetry/expected-span.js';
import { seconds, useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** The head of a response of ten bytes, and five of them. */
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello';

/** A reason of the caller's own. */
const REASONS = [
  ['none', undefined],
  ['an error', new Error('superseded')],
  ['a text', 'superseded'],
  ['null', null],
] as const;

// A cancellation is what the caller wanted: neither the span nor the metric may call it an error.
afterEach(async () => {
  for (const { attributes } of await telemetry.durations()) {
    expect(attributes).not.toHaveProperty('error.type');
  }
});

describe.each(UNDICI_FLAVOURS)('$name: the span of a request that the caller gives up', (flavour) => {
  function agentOf(options: ConstructorParameters<typeof flavour.Agent>[0] = {}) {
    const agent = new flavour.Agent(options);
    onTestFinished(() => agent.destroy());
    return agent;
  }

  it('before it is made: there is none', async () => {
    const { origin } = await httpServer();
    telemetry.instrument();
    const signal = AbortSignal.abort();
    await expect(flavour.fetch(`${origin}/`, { dispatcher: agentOf(), signal })).rejects.toThrow();
    expect(await telemetry.finished()).toEqual([]);
  });

  it('while it waits for the connection of another one', async () => {
    const { origin, port } = await rawServer((socket) =>
      onEachHead(socket, () => setImmediate(() => socket.write(HALF.replace('10', '5')))),
    );
    telemetry.instrument();
    const client = new flavour.Client(origin);
    onTestFinished(() => client.destroy());
    const controller = new AbortController();
    const first = flavour.fetch(`${origin}/first`, { dispatcher: client });
    const second = flavour.fetch(`${origin}/second`, { dispatcher: client, signal: controller.signal });
    controller.abort();
    await expect(second).rejects.toThrow();
    await (await first).text();
    const spans = await telemetry.shown();
    expect(spans.find(({ attributes }) => attributes['url.full'] === `${origin}/second`)).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: { ...requested(origin, '/second'), ...givenUpIn('getconn') },
      events: [wanted('127.0.0.1', port)],
    });
  });

  it('while its connection is dialled: no connection was refused to it', async () => {
    const { port } = await httpServer();
    telemetry.instrument();
    const controller = new AbortController();
    const lookup: LookupFunction = (_name, { all }, callback) => {
      const found = { address: '127.0.0.1', family: 4 };
      setImmediate(() => {
        controller.abort();
        setImmediate(() => (all ? callback(null, [found]) : callback(null, found.address, found.family)));
      });
    };
    const url = `http://slow.example:${port}`;
    const dispatcher = agentOf({ connect: { lookup } });
    await expect(flavour.fetch(url, { dispatcher, signal: controller.signal })).rejects.toThrow();
    const { status, attributes, events } = await telemetry.onlyShown();
    expect({ status, attributes, events }).toEqual({
      status: { code: 'UNSET' },
      attributes: { ...requested(url, '/'), ...givenUpIn('getconn', 'dns', 'connect') },
      events: [wanted('slow.example', port), ...lookedUp('slow.example'), ...dialled(port)],
    });
  });

  it.each(REASONS)('while it waits for the response, with the reason: %s', async (_, reason) => {
    const controller = new AbortController();
    const { port, origin } = await rawServer((socket) => onEachHead(socket, () => controller.abort(reason)));
    telemetry.instrument();
    const fetched = flavour.fetch(`${origin}/`, { dispatcher: agentOf(), signal: controller.signal });
    await fetched.catch(() => undefined);
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

  const givenUpInBody = (port: number, origin: string) => ({
    name: 'GET',
    kind: 'CLIENT',
    status: { code: 'UNSET' },
    attributes: {
      ...requested(origin, '/'),
      ...connected(port),
      ...givenUpIn('receive', 'getconn', 'connect', 'send', 'wait'),
      'http.response.status_code': 200,
    },
    events: [wanted('127.0.0.1', port), ...dialled(port), gotNew(port), ...EXCHANGE.slice(0, 3)],
  });

  it.each(REASONS)('in the body, with the reason: %s', async (_, reason) => {
    const { port, origin } = await rawServer(answering(HALF));
    telemetry.instrument();
    const controller = new AbortController();
    const response = await flavour.fetch(`${origin}/`, {
      dispatcher: agentOf(),
      signal: controller.signal,
    });
    await response.body?.getReader().read();
    controller.abort(reason);
    expect(await telemetry.onlyShown()).toEqual(givenUpInBody(port, origin));
  });

  it('by cancelling the body', async () => {
    const { port, origin } = await rawServer(answering(HALF));
    telemetry.instrument();
    const response = await flavour.fetch(`${origin}/`, { dispatcher: agentOf() });
    await response.body?.cancel();
    expect(await telemetry.onlyShown()).toEqual(givenUpInBody(port, origin));
  });

  it('ends with the last that was received, whenever the body is cleaned up', async () => {
    const { origin } = await rawServer(answering(HALF));
    telemetry.instrument();
    const response = await flavour.fetch(`${origin}/`, { dispatcher: agentOf() });
    const readAt = Date.now() / 1000;
    await setTimeout(100);
    await response.body?.cancel();
    const span = await telemetry.only();
    // Both clocks count whole milliseconds at worst.
    expect(seconds(span.endTime)).toBeLessThan(readAt + 0.05);
    expect(seconds(span.endTime)).toBeGreaterThanOrEqual(seconds(span.events.at(-1)?.time ?? [0, 0]));
    expect((await telemetry.durations())[0]?.sum).toBeCloseTo(
      seconds(span.endTime) - seconds(span.startTime),
      5,
    );
  });

  it('ends with the last part that was received of a long body, and not with its head', async () => {
    const firstSeen = deferred();
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, async () => {
        socket.write(HALF);
        await firstSeen.promise;
        socket.write('w');
      }),
    );
    telemetry.instrument();
    const controller = new AbortController();
    const { signal } = controller;
    const response = await flavour.fetch(`${origin}/`, { dispatcher: agentOf(), signal });
    const reader = response.body?.getReader();
    await reader?.read();
    await setTimeout(50);
    const secondFrom = Date.now() / 1000;
    firstSeen.resolve();
    await reader?.read();
    controller.abort();
    const { endTime, attributes } = await telemetry.only();
    // Both clocks count whole milliseconds at worst.
    expect(seconds(endTime)).toBeGreaterThan(secondFrom - 0.005);
    expect(attributes['httptrace.receive.duration']).toBeGreaterThan(0.04);
  });

  it('keeps the error that the status already was', async () => {
    const { origin } = await rawServer(answering(HALF.replace('200 OK', '404 Not Found')));
    telemetry.instrument();
    const response = await flavour.fetch(`${origin}/`, { dispatcher: agentOf() });
    await response.body?.cancel();
    const { status, attributes, events } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR' });
    expect(attributes).toMatchObject({ 'http.response.status_code': 404, 'error.type': '404' });
    expect(attributes).not.toHaveProperty('httptrace.failed_phase');
    expect(events.at(-1)).toEqual(['http.receive.start', {}]);
    telemetry.begin();
  });

  it('while its own body is still being sent: nothing failed to be written', async () => {
    const { origin } = await rawServer((socket) => socket.once('data', () => socket.write(HALF)));
    telemetry.instrument();
    const controller = new AbortController();
    const body = new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from('a')) });
    const response = await flavour.fetch(`${origin}/`, {
      dispatcher: agentOf(),
      method: 'POST',
      body,
      duplex: 'half',
      signal: controller.signal,
    });
    await response.body?.getReader().read();
    const readAt = Date.now() / 1000;
    await setTimeout(100);
    controller.abort();
    const span = await telemetry.only();
    expect(seconds(span.endTime)).toBeLessThan(readAt + 0.05);
    expect(span.events.map(({ name }) => name)).toEqual([
      'http.getconn.start',
      'http.connect.start',
      'http.connect.done',
      'http.getconn.done',
      'http.send.start',
      'http.receive.start',
    ]);
    expect(Object.keys(span.attributes).filter((key) => key.endsWith('.duration'))).toEqual([
      'httptrace.getconn.duration',
      'httptrace.connect.duration',
      'httptrace.send.duration',
      'httptrace.receive.duration',
    ]);
  });
});
