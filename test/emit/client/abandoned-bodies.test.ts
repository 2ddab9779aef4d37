import { Readable, Writable } from 'node:stream';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { answering, onEachHead, rawServer } from '../../support/servers/raw-server.js';
import {
  connected,
  dialled,
  EXCHANGE,
  givenUpIn,
  gotNew,
  requested,
  wanted,
} from '../../support/telemetry/expected-span.js';
import { seconds, useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** The head of a response of ten bytes, and five of them. */
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

describe.each(UNDICI_FLAVOURS)('$name: the span of a response', (flavour) => {
  it('that nobody reads ends when it is collected, at the time of its last part', async () => {
    const { origin } = await rawServer(answering(HALF));
    telemetry.instrument();
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    await forgotten(() => flavour.fetch(`${origin}/`, { dispatcher: agent }));
    await setTimeout(60);
    const collectedFrom = Date.now() / 1000;
    await vi.waitFor(
      async () => {
        collectGarbage();
        await setImmediate();
        expect(telemetry.endedCount).toBe(1);
      },
      { timeout: 8_000, interval: 20 },
    );
    const span = await telemetry.only();
    expect(span.status.code).toBe(0);
    expect(seconds(span.endTime)).toBeLessThan(collectedFrom - 0.01);
  });
});

/** In a function of its own, so that nothing is left on the stack that would keep the response. */
async function forgotten(ask: () => Promise<unknown>): Promise<void> {
  await ask();
}

describe.each(INSTALLED_UNDICI)('$name: the span of a request that is given up', ({ installed, Client }) => {
  function clientOf(origin: string) {
    const client = new Client(origin);
    onTestFinished(() => client.destroy());
    return client;
  }

  const givenUp = (port: number, origin: string, ...phases: [string, ...string[]]) => ({
    status: { code: 'UNSET' },
    attributes: {
      ...requested(origin, '/'),
      ...connected(port),
      ...givenUpIn(...phases),
      ...(phases.includes('receive') ? { 'http.response.status_code': 200 } : {}),
    },
  });

  it.each([
    ['none', undefined],
    ['an error', new Error('enough')],
  ])('by destroying the body, with the reason: %s', async (_, reason) => {
    const { port, origin } = await rawServer(answering(HALF));
    telemetry.instrument();
    const { body } = await clientOf(origin).request({ method: 'GET', path: '/' });
    body.on('error', () => undefined).destroy(reason);
    const { status, attributes } = await telemetry.onlyShown();
    expect({ status, attributes }).toEqual(
      givenUp(port, origin, 'receive', 'getconn', 'connect', 'send', 'wait'),
    );
  });

  it.each(['request', 'stream'] as const)('by the signal of %s, with a reason of its own', async (api) => {
    const controller = new AbortController();
    const { port, origin } = await rawServer((socket) =>
      onEachHead(socket, () => controller.abort(new Error('mine'))),
    );
    telemetry.instrument();
    const options = { method: 'GET', path: '/', signal: controller.signal } as const;
    const client = clientOf(origin);
    const asked = api === 'request' ? client.request(options) : client.stream(options, () => new Writable());
    await expect(asked).rejects.toThrow('mine');
    const { status, attributes } = await telemetry.onlyShown();
    expect({ status, attributes }).toEqual(givenUp(port, origin, 'wait', 'getconn', 'connect', 'send'));
  });

  it('while its own body is sent, by the signal of request', async () => {
    const controller = new AbortController();
    const { origin } = await rawServer((socket) =>
      socket.once('data', () => controller.abort(new Error('mine'))),
    );
    telemetry.instrument();
    const body = new Readable({ read: () => undefined });
    body.push('a');
    const { signal } = controller;
    const asked = clientOf(origin).request({ method: 'POST', path: '/', signal, body });
    await expect(asked).rejects.toThrow('mine');
    const { status, attributes, events } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'UNSET' });
    expect(attributes).toMatchObject(givenUpIn('send', 'getconn', 'connect'));
    expect(events.at(-1)).toEqual(['http.send.start', {}]);
  });

  it('is an error if its own body failed', async () => {
    const { origin } = await rawServer((socket) => socket.resume());
    telemetry.instrument();
    const body = new Readable({ read: () => undefined });
    body.push('a');
    const asked = clientOf(origin).request({ method: 'POST', path: '/', body });
    const failure = expect(asked).rejects.toThrow('file is gone');
    await setImmediate();
    body.destroy(Object.assign(new Error('file is gone'), { code: 'EIO' }));
    await failure;
    const { status, attributes, events } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR', message: 'file is gone' });
    expect(attributes).toMatchObject({ 'error.type': 'EIO', 'httptrace.failed_phase': 'send' });
    expect(events.at(-1)).toEqual(['http.send.done', { 'error.type': 'EIO' }]);
  });

  it('is an error if its time was over', async () => {
    const { origin } = await rawServer((socket) => socket.resume());
    telemetry.instrument();
    const signal = AbortSignal.timeout(30);
    await expect(clientOf(origin).request({ method: 'GET', path: '/', signal })).rejects.toThrow();
    const { status, attributes } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'ERROR', message: 'The operation was aborted due to timeout' });
    expect(attributes).toMatchObject({ 'error.type': 'TimeoutError' });
  });

  it('is an error if its client was destroyed', async () => {
    const { origin, connections } = await rawServer((socket) => socket.resume());
    telemetry.instrument();
    const client = clientOf(origin);
    const asked = client.request({ method: 'GET', path: '/' });
    const failure = expect(asked).rejects.toThrow();
    await vi.waitFor(() => expect(connections[0]?.bytesRead).toBeGreaterThan(0));
    await client.destroy();
    await failure;
    expect((await telemetry.onlyShown()).attributes).toMatchObject({
      'error.type': 'UND_ERR_DESTROYED',
      'httptrace.failed_phase': 'wait',
    });
  });

  it('ends like any other if its unread body is there completely', async () => {
    const { port, origin } = await rawServer(answering(HALF.replace('10', '5')));
    telemetry.instrument();
    const { body } = await clientOf(origin).request({ method: 'GET', path: '/' });
    expect((await telemetry.onlyShown()).events).toEqual([
      wanted('127.0.0.1', port),
      ...dialled(port),
      gotNew(port),
      ...EXCHANGE,
    ]);
    await body.text();
  });

  it('is resumed by nothing of ours: an unread body stays where it is', async () => {
    const { origin } = await rawServer(answering(HALF));
    telemetry.instrument({ optInAttributes: ['http.response.body.size'] });
    const { body } = await installed.request(`${origin}/`, { dispatcher: clientOf(origin) });
    await setTimeout(20);
    expect({ flowing: body.readableFlowing, read: body.readableDidRead }).toEqual({
      flowing: null,
      read: false,
    });
    body.on('error', () => undefined).destroy();
  });
});
