import http, { IncomingMessage } from 'node:http';
import { diag } from '@opentelemetry/api';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ClientConfig } from '../../../src/index.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { type Answer, httpServer } from '../../support/servers/truthful-server.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** A body that begins and does not end. */
const halfway: Answer = (_req, res) => {
  res.writeHead(202, { 'x-tenant': 'acme' });
  res.write('some');
};

const answered: Answer = (_req, res) => {
  res.writeHead(410, { 'x-tenant': 'acme' }).end('gone');
};

type Hook = NonNullable<ClientConfig['applyCustomAttributesOnSpan']>;

/** What the hook was called with, and what it saw of the span then. */
function noting() {
  const calls: { path: string; status: number | undefined; tenant: unknown; recording: boolean }[] = [];
  const hook: Hook = (span, request, response) => {
    calls.push({
      path: 'path' in request ? request.path : '',
      status: response?.statusCode,
      tenant: response instanceof IncomingMessage ? response.headers['x-tenant'] : undefined,
      recording: span.isRecording(),
    });
    span.setAttribute('http.response.status_code', 299);
    span.setAttribute('app.tenant', 'acme');
  };
  return { calls, hook };
}

function get(url: string, onResponse: (response: IncomingMessage, request: http.ClientRequest) => void) {
  return new Promise<void>((resolve) => {
    const request = http.get(url, { agent: false }, (response) => {
      response.on('error', () => undefined);
      onResponse(response, request);
    });
    request.on('close', resolve).on('error', () => undefined);
  });
}

describe('applyCustomAttributesOnSpan of a client', () => {
  it('is called last of all, so that what it sets wins', async () => {
    const { calls, hook } = noting();
    telemetry.instrument({ client: { applyCustomAttributesOnSpan: hook } });
    const { origin } = await httpServer(answered);
    await get(`${origin}/ended`, (response) => response.resume());
    expect((await telemetry.only()).attributes).toMatchObject({
      'http.response.status_code': 299,
      'app.tenant': 'acme',
    });
    expect(calls).toEqual([{ path: '/ended', status: 410, tenant: 'acme', recording: true }]);
  });

  it('is called once for a request that is given up half way', async () => {
    const { calls, hook } = noting();
    telemetry.instrument({ client: { applyCustomAttributesOnSpan: hook } });
    const { origin } = await httpServer(halfway);
    await get(`${origin}/given-up`, (response, request) => response.once('data', () => request.destroy()));
    await telemetry.only();
    expect(calls).toEqual([{ path: '/given-up', status: 202, tenant: 'acme', recording: true }]);
  });

  it('is called without a response if there was none', async () => {
    const { calls, hook } = noting();
    telemetry.instrument({ client: { applyCustomAttributesOnSpan: hook } });
    await get(`http://127.0.0.1:${await refusedPort()}/refused`, () => undefined);
    expect((await telemetry.only()).attributes['app.tenant']).toBe('acme');
    expect(calls).toEqual([{ path: '/refused', status: undefined, tenant: undefined, recording: true }]);
  });

  it('is given the response of undici for fetch', async () => {
    const { calls, hook } = noting();
    telemetry.instrument({ client: { applyCustomAttributesOnSpan: hook } });
    const { origin } = await httpServer(answered);
    await (await fetch(`${origin}/fetched`)).text();
    await telemetry.only();
    expect(calls).toEqual([{ path: '/fetched', status: 410, tenant: undefined, recording: true }]);
  });

  it('is called for the span of another instrumentation, before that ends it', async () => {
    const { calls, hook } = noting();
    const ours = telemetry.instrument({ client: { span: 'existing', applyCustomAttributesOnSpan: hook } });
    telemetry.attach(new UndiciInstrumentation({ requestHook: ours.useSpan }));
    const { origin } = await httpServer(answered);
    await (await fetch(`${origin}/existing`)).text();
    expect((await telemetry.only()).attributes['app.tenant']).toBe('acme');
    expect(calls).toEqual([{ path: '/existing', status: 410, tenant: undefined, recording: true }]);
  });

  it('is called for a span that is not recorded', async () => {
    const { calls, hook } = noting();
    telemetry.instrument({ client: { requireParentforSpans: true, applyCustomAttributesOnSpan: hook } });
    const { origin } = await httpServer(answered);
    await get(`${origin}/unrecorded`, (response) => response.resume());
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    expect(calls[0]?.recording).toBe(false);
  });

  it('changes nothing but the log if it throws', async () => {
    const thrown = new Error('mine');
    const error = vi.spyOn(diag, 'error').mockReturnValue();
    onTestFinished(() => error.mockRestore());
    telemetry.instrument({
      client: {
        applyCustomAttributesOnSpan() {
          throw thrown;
        },
      },
    });
    const { origin } = await httpServer(answered);
    await get(`${origin}/throws`, (response) => response.resume());
    expect((await telemetry.only()).attributes['http.response.status_code']).toBe(410);
    expect(error.mock.calls).toEqual([
      [expect.stringContaining('client.applyCustomAttributesOnSpan'), thrown],
    ]);
  });
});
