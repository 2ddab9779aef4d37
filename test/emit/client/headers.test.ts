import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientConfig } from '../../../src/index.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { CA } from '../../support/servers/certificates.js';
import { http2Server, httpServer } from '../../support/servers/truthful-server.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

describe.each(UNDICI_FLAVOURS)('$name: the headers on a span', (flavour) => {
  type Init = Omit<NonNullable<Parameters<typeof flavour.fetch>[1]>, 'dispatcher'>;

  async function recorded(client: ClientConfig, init: Init = {}): Promise<Record<string, unknown>> {
    const { origin } = await httpServer((_req, res) => {
      res.setHeader('set-cookie', ['a=1', 'b=2']);
      res.setHeader('x-list', ['1', '2']);
      res.setHeader('www-authenticate', 'Basic');
      res.end('ok');
    });
    telemetry.instrument({ client });
    return headersOf(`${origin}/`, new flavour.Agent(), init);
  }

  async function headersOf(
    url: string,
    agent: InstanceType<typeof flavour.Agent>,
    init: Init = {},
  ): Promise<Record<string, unknown>> {
    onTestFinished(() => agent.destroy());
    await (await flavour.fetch(url, { ...init, dispatcher: agent })).text();
    const { attributes } = await telemetry.onlyShown();
    return Object.fromEntries(
      Object.entries(attributes).filter(([key]) => /^http\.(request|response)\.header\./.test(key)),
    );
  }

  it('are none if none were asked for', async () => {
    expect(await recorded({}, { headers: { authorization: 'secret' } })).toEqual({});
  });

  it('are those that were asked for, with every value', async () => {
    const headersToSpanAttributes = {
      requestHeaders: ['X-Id', 'x-missing'],
      responseHeaders: ['X-List', 'Content-Length', 'x-missing'],
    };
    expect(await recorded({ headersToSpanAttributes }, { headers: { 'x-id': '42' } })).toEqual({
      'http.request.header.x-id': ['42'],
      'http.response.header.x-list': ['1', '2'],
      'http.response.header.content-length': ['2'],
    });
  });

  const SENSITIVE = {
    requestHeaders: ['authorization', 'proxy-authorization', 'cookie'],
    responseHeaders: ['set-cookie', 'www-authenticate'],
  };

  it('hide what is secret even if it was asked for', async () => {
    const headers = { Authorization: 'secret', cookie: 'a=1' };
    expect(await recorded({ headersToSpanAttributes: SENSITIVE }, { headers })).toEqual({
      'http.request.header.authorization': ['REDACTED'],
      'http.request.header.cookie': ['REDACTED'],
      'http.response.header.set-cookie': ['REDACTED'],
      'http.response.header.www-authenticate': ['REDACTED'],
    });
  });

  it('hide nothing if the config says so', async () => {
    const headers = { authorization: 'secret' };
    const client = { headersToSpanAttributes: SENSITIVE, redactedHeaders: [] };
    expect(await recorded(client, { headers })).toEqual({
      'http.request.header.authorization': ['secret'],
      'http.response.header.set-cookie': ['a=1', 'b=2'],
      'http.response.header.www-authenticate': ['Basic'],
    });
  });

  it('hide what the config names, and that alone', async () => {
    const client = {
      headersToSpanAttributes: { requestHeaders: ['authorization', 'x-key'] },
      redactedHeaders: ['X-Key'],
    };
    const headers = { authorization: 'secret', 'x-key': 'secret' };
    expect(await recorded(client, { headers })).toEqual({
      'http.request.header.authorization': ['secret'],
      'http.request.header.x-key': ['REDACTED'],
    });
  });

  it('are all that were sent with wroteHeaderField, the secret ones hidden', async () => {
    const headers = { authorization: 'secret', 'x-id': '42', 'user-agent': 'test' };
    const sent = await recorded({ hooks: { wroteHeaderField: true } }, { headers });
    expect(sent).toMatchObject({
      'http.request.header.authorization': ['REDACTED'],
      'http.request.header.x-id': ['42'],
      'http.request.header.user-agent': ['test'],
      'http.request.header.connection': ['keep-alive'],
      'http.request.header.host': [expect.stringMatching(/^127\.0\.0\.1:\d+$/)],
      'http.request.header.traceparent': [expect.stringMatching(/^00-/)],
    });
    expect(Object.keys(sent).filter((key) => key.startsWith('http.response'))).toEqual([]);
  });

  it('of HTTP/2 are found in each form that undici gives them', async () => {
    const { port } = await http2Server((_req, res) => {
      res.setHeader('set-cookie', ['a=1', 'b=2']);
      res.setHeader('x-one', '1');
      res.end('ok');
    });
    telemetry.instrument({
      client: {
        headersToSpanAttributes: { requestHeaders: ['x-id'], responseHeaders: ['x-one', 'set-cookie'] },
        redactedHeaders: [],
      },
    });
    const agent = new flavour.Agent({ allowH2: true, connect: { ca: CA } });
    expect(await headersOf(`https://localhost:${port}/`, agent, { headers: { 'x-id': '42' } })).toEqual({
      'http.request.header.x-id': ['42'],
      'http.response.header.x-one': ['1'],
      'http.response.header.set-cookie': ['a=1', 'b=2'],
    });
  });

  it('of HTTP/2 are no pseudo-headers: those would show what the URL hides', async () => {
    const { port } = await http2Server();
    telemetry.instrument({ client: { hooks: { wroteHeaderField: true } } });
    const agent = new flavour.Agent({ allowH2: true, connect: { ca: CA } });
    const sent = await headersOf(`https://localhost:${port}/?sig=secret`, agent, {
      headers: { 'x-id': '42' },
    });
    expect(Object.keys(sent).filter((key) => key.includes(':'))).toEqual([]);
    expect(JSON.stringify(sent)).not.toContain('secret');
  });
});
