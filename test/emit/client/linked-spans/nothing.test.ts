import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { CA } from '../../../support/servers/certificates.js';
import { httpServer, httpsServer } from '../../../support/servers/truthful-server.js';
import { CLIENT_KINDS, useDrawnSpans } from '../../../support/telemetry/drawn-spans.js';

const { telemetry, record, trees } = useDrawnSpans();

describe.each(CLIENT_KINDS)('$name draws nothing', ({ client }) => {
  it('of what is suppressed', async () => {
    const { origin } = await httpServer();
    record();
    await context.with(suppressTracing(context.active()), () => client(origin).ask('/'));
    expect(await telemetry.all()).toEqual([]);
  });

  it('of what is ignored', async () => {
    const { origin } = await httpServer();
    record({ ignoreUrls: ['/health'] });
    await client(origin).ask('/health');
    expect(await telemetry.all()).toEqual([]);
  });

  it('of what has no parent, if that is required', async () => {
    const { origin } = await httpServer();
    record({ requireParentforSpans: true });
    await client(origin).ask('/');
    expect(await telemetry.all()).toEqual([]);
  });

  it('of what is not sampled', async () => {
    const { origin } = await httpServer();
    telemetry
      .instrument({ client: { phases: 'linked-spans' } })
      .setTracerProvider(telemetry.providerOf(new AlwaysOffSampler()));
    await client(origin).ask('/');
    expect(await telemetry.all()).toEqual([]);
  });

  it('of hooks that are off', async () => {
    const { port } = await httpsServer();
    record({
      hooks: {
        getConn: false,
        gotConn: false,
        dnsStart: false,
        dnsDone: false,
        tlsHandshakeStart: false,
        tlsHandshakeDone: false,
      },
    });
    await client(`https://localhost:${port}`, { ca: CA }).ask('/');
    const [request, setup] = await trees();
    expect(request?.children).toEqual([]);
    expect(setup?.children.map(({ name }) => name)).toEqual([`socket connect 127.0.0.1:${port}`]);
  });
});
