import { describe, expect, it, onTestFinished } from 'vitest';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { answering, rawServer } from '../../support/servers/raw-server.js';
import { type Answer, httpServer } from '../../support/servers/truthful-server.js';
import {
  connected,
  connectionsAreIdle,
  dialled,
  durations,
  EXCHANGE,
  gotIdle,
  gotNew,
  requested,
  wanted,
} from '../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const DIALLED_PHASES = durations('getconn', 'connect', 'send', 'wait', 'receive');

describe.each(UNDICI_FLAVOURS)('$name: the span of a request that is answered', (flavour) => {
  type Init = Omit<NonNullable<Parameters<typeof flavour.fetch>[1]>, 'dispatcher'>;

  async function fetched(url: string, init: Init = {}) {
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    return (await flavour.fetch(url, { ...init, dispatcher: agent })).text();
  }

  it('after a body was sent', async () => {
    const { port, origin } = await httpServer((req, res) => req.resume().on('end', () => res.end('ok')));
    telemetry.instrument();
    await fetched(`${origin}/`, { method: 'POST', body: 'three words long' });
    expect(await telemetry.onlyShown()).toEqual({
      name: 'POST',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        ...requested(origin, '/'),
        'http.request.method': 'POST',
        ...connected(port),
        ...DIALLED_PHASES,
        'http.response.status_code': 200,
      },
      events: [wanted('127.0.0.1', port), ...dialled(port), gotNew(port), ...EXCHANGE],
    });
  });

  it('first by 103 Early Hints', async () => {
    const { port, origin } = await httpServer((_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.end('ok');
    });
    telemetry.instrument();
    await fetched(`${origin}/`);
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        ...requested(origin, '/'),
        ...connected(port),
        ...DIALLED_PHASES,
        'http.response.status_code': 200,
      },
      events: [
        wanted('127.0.0.1', port),
        ...dialled(port),
        gotNew(port),
        ['http.send.start', {}],
        ['http.send.done', {}],
        ['http.receive.start', {}],
        ['GOT 1xx', { 'http.response.status_code': 103 }],
        ['http.receive.done', {}],
      ],
    });
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('without a body: %s %d', async (method, status) => {
    const { port, origin } = await httpServer((_req, res) => res.writeHead(status).end());
    telemetry.instrument();
    await fetched(`${origin}/`, { method });
    expect(await telemetry.onlyShown()).toEqual({
      name: method,
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        ...requested(origin, '/'),
        'http.request.method': method,
        ...connected(port),
        ...DIALLED_PHASES,
        'http.response.status_code': status,
      },
      events: [wanted('127.0.0.1', port), ...dialled(port), gotNew(port), ...EXCHANGE],
    });
  });

  it.each([404, 500])('by %d: an error, and none of the phases failed', async (status) => {
    const { port, origin } = await httpServer((_req, res) => res.writeHead(status).end('no'));
    telemetry.instrument();
    await fetched(`${origin}/`);
    expect(await telemetry.onlyShown()).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'ERROR' },
      attributes: {
        ...requested(origin, '/'),
        ...connected(port),
        ...DIALLED_PHASES,
        'http.response.status_code': status,
        'error.type': String(status),
      },
      events: [wanted('127.0.0.1', port), ...dialled(port), gotNew(port), ...EXCHANGE],
    });
  });

  it('by a redirect: each hop has a span', async () => {
    const redirect: Answer = (req, res) =>
      req.url === '/old' ? res.writeHead(302, { location: '/new' }).end() : res.end('ok');
    const { port, origin } = await httpServer(redirect);
    telemetry.instrument();
    await fetched(`${origin}/old`);
    const [first, second] = await telemetry.shown();
    expect(first).toEqual({
      name: 'GET',
      kind: 'CLIENT',
      status: { code: 'UNSET' },
      attributes: {
        ...requested(origin, '/old'),
        ...connected(port),
        ...DIALLED_PHASES,
        'http.response.status_code': 302,
      },
      events: [wanted('127.0.0.1', port), ...dialled(port), gotNew(port), ...EXCHANGE],
    });
    expect(second).toMatchObject({
      name: 'GET',
      attributes: { 'url.full': `${origin}/new`, 'http.response.status_code': 200 },
    });
  });

  it('before it is sent completely: nothing was waited for', async () => {
    const { port, origin } = await httpServer((_req, res) => {
      res.writeHead(413, { connection: 'close' }).end('too much');
    });
    telemetry.instrument();
    const never = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('a')) });
    await fetched(`${origin}/`, { method: 'POST', body: never, duplex: 'half' });
    const { status, attributes, events } = await telemetry.onlyShown();
    expect({ status, attributes }).toEqual({
      status: { code: 'ERROR' },
      attributes: {
        ...requested(origin, '/'),
        'http.request.method': 'POST',
        ...connected(port),
        ...durations('getconn', 'connect', 'receive'),
        'http.response.status_code': 413,
        'error.type': '413',
      },
    });
    expect(events.map(([name]) => name)).toEqual([
      'http.getconn.start',
      'http.connect.start',
      'http.connect.done',
      'http.getconn.done',
      'http.send.start',
      'http.receive.start',
      'http.receive.done',
    ]);
  });

  it.each(['HTTP/1.1 600 Odd', 'HTTP/1.1 999 Odder'])(
    'by a status outside of all classes: %s',
    async (line) => {
      const { origin } = await rawServer(answering(`${line}\r\nContent-Length: 0\r\n\r\n`));
      telemetry.instrument();
      // fetch itself takes no such status.
      await fetched(`${origin}/`).catch(() => undefined);
      const { status, attributes } = await telemetry.onlyShown();
      expect(status).toEqual({ code: 'ERROR' });
      expect(attributes).toMatchObject({
        'http.response.status_code': Number(line.slice(9, 12)),
        'error.type': line.slice(9, 12),
      });
    },
  );

  it('on the same connection as the one before, if that was read', async () => {
    const { port, origin } = await httpServer();
    telemetry.instrument();
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    await (await flavour.fetch(`${origin}/1`, { dispatcher: agent })).text();
    await connectionsAreIdle();
    await (await flavour.fetch(`${origin}/2`, { dispatcher: agent })).text();
    const [, second] = await telemetry.shown();
    expect(second?.events[1]).toEqual(gotIdle(port));
  });
});
