import * as http from 'node:http';
import * as https from 'node:https';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askNode } from '../../support/clients/node-clients.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { CA } from '../../support/servers/certificates.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { ConnectionCounts } from '../../support/telemetry/open-connections.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const OPEN = 'http.client.open_connections';
const DURATION = 'http.client.connection.duration';

function count(): ConnectionCounts {
  const counts = new ConnectionCounts();
  telemetry.instrument({ metrics: { [OPEN]: true, [DURATION]: true } }).setMeterProvider(counts);
  return counts;
}

function suppressed<Result>(fn: () => Result): Result {
  return context.with(suppressTracing(context.active()), fn);
}

const SERVERS = { http: httpServer, https: httpsServer };

describe.each(['http', 'https'] as const)('a connection over %s that a suppressed request made', (scheme) => {
  it('by node:http is not counted', async () => {
    const { origin } = await SERVERS[scheme]();
    const counts = count();
    const options = { keepAlive: true, ca: CA };
    const agent = scheme === 'http' ? new http.Agent(options) : new https.Agent(options);
    const closed = new Promise((resolve) => agent.on('free', (socket) => socket.once('close', resolve)));

    await suppressed(() => askNode(origin, { agent }));
    agent.destroy();
    await closed;

    expect([counts.of(OPEN), counts.of(DURATION)]).toEqual([[], []]);
  });

  it.each(UNDICI_FLAVOURS)('by $name is not counted', async ({ Agent }) => {
    const { origin } = await SERVERS[scheme]();
    const counts = count();
    const agent = new Agent({ connect: { ca: CA } });
    onTestFinished(() => agent.destroy());

    const { body } = await suppressed(() => agent.request({ origin, path: '/', method: 'GET' }));
    await body.text();
    await agent.close();

    expect([counts.of(OPEN), counts.of(DURATION)]).toEqual([[], []]);
  });
});
