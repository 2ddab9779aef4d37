import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { CA } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { type Answer, httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const BOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

const echo: Answer = (req, res) => req.pipe(res);

describe.each(UNDICI_FLAVOURS)('$name: an attribute that must be asked for', (flavour) => {
  type Init = Omit<NonNullable<Parameters<typeof flavour.fetch>[1]>, 'dispatcher'>;

  async function recorded(optInAttributes: string[], url: string, init: Init = {}, connect = {}) {
    telemetry.begin();
    telemetry.instrument({ optInAttributes });
    const agent = new flavour.Agent({ connect });
    onTestFinished(() => agent.destroy());
    await (await flavour.fetch(url, { ...init, dispatcher: agent })).text();
    return telemetry.onlyShown();
  }

  /** What asking for it adds to the attributes of the span. */
  async function added(name: string, url: string, init: Init = {}, connect = {}) {
    const without = await recorded([], url, init, connect);
    const { attributes } = await recorded([name], url, init, connect);
    return Object.fromEntries(Object.entries(attributes).filter(([key]) => !(key in without.attributes)));
  }

  it('url.scheme', async () => {
    const { origin } = await httpServer();
    expect(await added('url.scheme', `${origin}/`)).toEqual({ 'url.scheme': 'http' });
  });

  it('user_agent.original', async () => {
    const { origin } = await httpServer();
    const headers = { 'user-agent': 'test/1.0' };
    expect(await added('user_agent.original', `${origin}/`, { headers })).toEqual({
      'user_agent.original': 'test/1.0',
    });
  });

  it('user_agent.synthetic.type', async () => {
    const { origin } = await httpServer();
    expect(
      await added('user_agent.synthetic.type', `${origin}/`, { headers: { 'user-agent': BOT } }),
    ).toEqual({
      'user_agent.synthetic.type': 'bot',
    });
    expect(
      await added('user_agent.synthetic.type', `${origin}/`, { headers: { 'user-agent': 'me' } }),
    ).toEqual({});
  });

  it('network.transport', async () => {
    const { origin } = await httpServer();
    expect(await added('network.transport', `${origin}/`)).toEqual({ 'network.transport': 'tcp' });
    const socketPath = join(tmpdir(), `httptrace-${process.pid}-${flavour.version}.sock`);
    await listen(
      createServer((_req, res) => res.end('ok')),
      socketPath,
    );
    expect(await added('network.transport', 'http://localhost/', {}, { socketPath })).toEqual({
      'network.transport': 'unix',
    });
  });

  it('http.request.body.size', async () => {
    const { origin } = await httpServer(echo);
    const init = { method: 'POST', body: 'grüße' };
    expect(await added('http.request.body.size', `${origin}/`, init)).toEqual({
      'http.request.body.size': 7,
    });
    expect(await added('http.request.body.size', `${origin}/`)).toEqual({ 'http.request.body.size': 0 });
    const { events } = await recorded(['http.request.body.size'], `${origin}/`, init);
    expect(events.find(([name]) => name === 'http.send.done')).toEqual([
      'http.send.done',
      { 'http.request.body.size': 7 },
    ]);
  });

  it('http.response.body.size', async () => {
    const { origin } = await httpServer((_req, res) => res.setHeader('content-length', 7).end('grüße'));
    expect(await added('http.response.body.size', `${origin}/`)).toEqual({ 'http.response.body.size': 7 });
    expect(await added('http.response.body.size', `${origin}/`, { method: 'HEAD' })).toEqual({
      'http.response.body.size': 0,
    });
    const { events } = await recorded(['http.response.body.size'], `${origin}/`);
    expect(events.at(-1)).toEqual(['http.receive.done', { 'http.response.body.size': 7 }]);
  });

  it('of a certificate, on the event of the handshake', async () => {
    const { port } = await httpsServer();
    const names = [
      'tls.server.subject',
      'tls.server.issuer',
      'tls.server.not_before',
      'tls.server.not_after',
      'tls.server.hash.sha256',
    ];
    const { events } = await recorded(names, `https://localhost:${port}/`, {}, { ca: CA });
    const [, handshake] = events.find(([name]) => name === 'http.tls.done') ?? [];
    expect(handshake).toMatchObject({
      'tls.server.subject': 'CN=localhost',
      'tls.server.issuer': 'CN=httptrace test CA',
      'tls.server.not_before': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      'tls.server.not_after': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      'tls.server.hash.sha256': expect.stringMatching(/^[\dA-F]{64}$/),
    });
  });
});

describe.each(UNDICI_FLAVOURS)('$name: ignoreUrls', (flavour) => {
  it.each([
    ['/health', 0],
    ['/health/**', 0],
    ['127.0.0.1/health', 0],
    ['127.0.0.1', 0],
    ['127.0.0.*/*', 0],
    ['*.example', 1],
    ['/healthy', 1],
    ['127.0.0.1/ready', 1],
  ])('%s leaves %d span of a health check', async (glob, count) => {
    const { origin } = await httpServer();
    telemetry.instrument({ client: { ignoreUrls: [glob] } });
    const agent = new flavour.Agent();
    onTestFinished(() => agent.destroy());
    await (await flavour.fetch(`${origin}/health?full=1`, { dispatcher: agent })).text();
    expect(await telemetry.finished()).toHaveLength(count);
    expect(await telemetry.durations()).toHaveLength(count);
  });
});
