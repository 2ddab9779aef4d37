import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientConfig, ClientHookName } from '../../../src/index.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { CA } from '../../support/servers/certificates.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { httpsServer } from '../../support/servers/truthful-server.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** The event of each hook, in the order in which they happen here; undici never waits for a 100. */
const EVENTS: readonly (readonly [hook: ClientHookName, event: string])[] = [
  ['getConn', 'http.getconn.start'],
  ['dnsStart', 'http.dns.start'],
  ['dnsDone', 'http.dns.done'],
  ['connectStart', 'http.connect.start'],
  ['connectDone', 'http.connect.done'],
  ['tlsHandshakeStart', 'http.tls.start'],
  ['tlsHandshakeDone', 'http.tls.done'],
  ['gotConn', 'http.getconn.done'],
  ['wroteHeaders', 'http.send.start'],
  ['wroteRequest', 'http.send.done'],
  ['gotFirstResponseByte', 'http.receive.start'],
  ['got1xxResponse', 'GOT 1xx'],
  ['putIdleConn', 'http.receive.done'],
];

/** A duration is there as long as one of the hooks at its ends is on. */
const DURATIONS: readonly (readonly [attribute: string, ...hooks: ClientHookName[]])[] = [
  ['httptrace.getconn.duration', 'getConn', 'gotConn'],
  ['httptrace.dns.duration', 'dnsStart', 'dnsDone'],
  ['httptrace.connect.duration', 'connectStart', 'connectDone'],
  ['httptrace.tls.duration', 'tlsHandshakeStart', 'tlsHandshakeDone'],
  ['httptrace.send.duration', 'wroteHeaders', 'wroteRequest'],
  ['httptrace.wait.duration', 'wroteRequest', 'gotFirstResponseByte'],
  ['httptrace.receive.duration', 'gotFirstResponseByte', 'putIdleConn'],
  ['http.conn.reused', 'gotConn'],
];

/** What no toggle takes away: the span of any instrumentation. */
const ALWAYS = [
  'http.request.method',
  'url.full',
  'server.address',
  'server.port',
  'http.response.status_code',
  'network.peer.address',
  'network.peer.port',
  'network.protocol.version',
];

const WITHOUT_EVENT: readonly ClientHookName[] = ['wait100Continue', 'got100Continue', 'wroteHeaderField'];
const ALL: readonly ClientHookName[] = [...EVENTS.map(([hook]) => hook), ...WITHOUT_EVENT];

function only(hooks: readonly ClientHookName[]): ClientConfig['hooks'] {
  return Object.fromEntries(ALL.map((hook) => [hook, hooks.includes(hook)]));
}

describe.each(UNDICI_FLAVOURS)('$name: the toggles of what is recorded', (flavour) => {
  /** Names of the events and of the attributes of a request that has everything undici can have. */
  async function recorded(client: ClientConfig) {
    const { port } = await httpsServer((_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.end('ok');
    });
    telemetry.instrument({ client });
    const agent = new flavour.Agent({ connect: { ca: CA } });
    onTestFinished(() => agent.destroy());
    const url = `https://localhost:${port}/`;
    await (await flavour.fetch(url, { method: 'POST', body: 'a', dispatcher: agent })).text();
    const { attributes, events } = await telemetry.onlyShown();
    return { events: events.map(([name]) => name), attributes: Object.keys(attributes).sort() };
  }

  function expected(on: readonly ClientHookName[]) {
    return {
      events: EVENTS.filter(([hook]) => on.includes(hook)).map(([, event]) => event),
      attributes: [
        ...ALWAYS,
        ...DURATIONS.filter(([, ...hooks]) => hooks.some((hook) => on.includes(hook))).map(([name]) => name),
      ].sort(),
    };
  }

  const byDefault = ALL.filter((hook) => hook !== 'wroteHeaderField');

  it('are all on but the header fields', async () => {
    expect(await recorded({})).toEqual(expected(byDefault));
  });

  it.each(byDefault)('take away what belongs to %s, and nothing else', async (hook) => {
    const rest = byDefault.filter((other) => other !== hook);
    expect(await recorded({ hooks: { [hook]: false } })).toEqual(expected(rest));
  });

  it.each(byDefault)('leave what belongs to %s alone', async (hook) => {
    expect(await recorded({ hooks: only([hook]) })).toEqual(expected([hook]));
  });

  it('may all be off', async () => {
    expect(await recorded({ hooks: only([]) })).toEqual({ events: [], attributes: [...ALWAYS].sort() });
  });

  it('do not touch the attributes if only those are wanted', async () => {
    expect(await recorded({ phases: 'attributes' })).toEqual({ ...expected(byDefault), events: [] });
  });

  it('hold for attributes alone, too', async () => {
    const hooks = { dnsStart: false, dnsDone: false, gotConn: false };
    const on = byDefault.filter((hook) => !(hook in hooks));
    expect(await recorded({ phases: 'attributes', hooks })).toEqual({ ...expected(on), events: [] });
  });

  it.each([
    [{ gotConn: false }, ['http.getconn.start', 'http.connect.start', 'http.connect.done']],
    [{ connectDone: false }, ['http.getconn.start', 'http.connect.start', 'http.getconn.done']],
  ])('hold for a request that fails: %j', async (hooks, events) => {
    const port = await refusedPort();
    telemetry.instrument({ client: { hooks } });
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    await flavour.fetch(`http://127.0.0.1:${port}/`, { dispatcher: agent }).catch(() => undefined);
    const span = await telemetry.onlyShown();
    expect(span.events.map(([name]) => name)).toEqual(events);
    expect(span.attributes).toMatchObject({
      'error.type': 'ECONNREFUSED',
      'httptrace.failed_phase': 'connect',
    });
  });
});
