import { Agent, request as requestByNode } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Dispatcher } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UNDICI_FLAVOURS } from '../../../support/clients/undici-flavours.js';
import { moodyServer, PATHS } from '../../../support/servers/moody-server.js';
import { refusedPort } from '../../../support/servers/raw-server.js';
import { useDrawnSpans } from '../../../support/telemetry/drawn-spans.js';
import { seeded, undiciSockets } from '../../../support/telemetry/open-connections.js';

const { telemetry, record } = useDrawnSpans();

/** One request; what comes of it is its own affair. It may be given up, or its response not be read. */
type Ask = (path: string, plan: { signal: AbortSignal; isRead: boolean }) => Promise<unknown>;

const SETUP = 'HTTP connection_setup ';

async function load(ask: Ask): Promise<number> {
  const random = seeded(20_261_122);
  const worker = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      const path = PATHS[random(PATHS.length)] ?? '/ok';
      const controller = new AbortController();
      const isGivenUp = path === '/silent' || random(4) === 0;
      const timer = isGivenUp ? globalThis.setTimeout(() => controller.abort(), random(10)) : undefined;
      await ask(path, { signal: controller.signal, isRead: random(6) > 0 }).catch(() => undefined);
      clearTimeout(timer);
      if (random(6) === 0) {
        await setTimeout(random(30));
      }
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  return 6 * 20;
}

/** How many answered requests were the first of a connection whose set-up is not told, and how many set-ups are. */
function linksOf(spans: readonly ReadableSpan[]): { unlinked: number; setups: number } {
  const clients = spans.filter(({ name }) => name === 'GET');
  const setups = spans.filter(({ name }) => name.startsWith(SETUP));
  const linked = new Set(clients.flatMap(({ links }) => links.map(({ context }) => context.spanId)));
  const isLinked = (span: ReadableSpan): boolean => linked.delete(span.spanContext().spanId);
  // What failed failed somebody; a connection that nobody took was dialled for a request that was given up.
  const loose = setups.filter((setup) => !isLinked(setup));
  expect(loose.map(({ status }) => status.code)).toEqual(loose.map(() => SpanStatusCode.UNSET));
  expect([...linked]).toEqual([]);
  const answered = clients.filter(({ attributes }) => 'http.response.status_code' in attributes);
  expect(answered.length).toBeGreaterThan(20);
  const unlinked = answered.filter(
    ({ links, attributes }) => links.length === 0 && attributes['http.conn.reused'] === false,
  ).length;
  return { unlinked, setups: setups.length };
}

describe.each(UNDICI_FLAVOURS)('$name: a random load', ({ Pool }) => {
  it('links each request to the set-up of its connection, and leaves no span open or astray', async () => {
    const { origin } = await moodyServer();
    record();
    const sockets = undiciSockets();
    const pool: Dispatcher = new Pool(origin, { connections: 4, pipelining: 1 });
    const requests = await load(async (path, { signal, isRead }) => {
      const { body } = await pool.request({ path, method: 'GET', signal });
      await (isRead ? body.text() : body.on('error', () => undefined).destroy());
    });
    await pool.destroy();
    const spans = await telemetry.all();
    expect(spans.filter(({ name }) => name === 'GET')).toHaveLength(requests);
    const { unlinked, setups } = linksOf(spans);
    expect(setups).toBeGreaterThan(5);
    // undici dials for requests that were given up meanwhile, too: those set-ups are nobody's.
    expect(unlinked).toBeLessThanOrEqual(sockets.opened() - setups);
  });

  it('on a server that is not there: each request finds the attempt that it failed with', async () => {
    const port = await refusedPort();
    record();
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 2 });
    onTestFinished(() => pool.destroy());
    const all = Array.from({ length: 12 }, () => pool.request({ path: '/', method: 'GET' }));
    await Promise.allSettled(all);
    const spans = await telemetry.all();
    const failed = spans
      .filter(({ name }) => name.startsWith(SETUP))
      .map((span) => span.spanContext().spanId);
    const clients = spans.filter(({ name }) => name === 'GET');
    expect(clients.map(({ attributes }) => attributes['error.type'])).toEqual(Array(12).fill('ECONNREFUSED'));
    for (const { links, attributes } of clients) {
      expect(failed).toContain(links[0]?.context.spanId);
      expect(['connect', 'getconn']).toContain(attributes['httptrace.failed_phase']);
    }
  });
});

describe('node:http: a random load', () => {
  it('links each request to the set-up of its connection, and leaves no span open or astray', async () => {
    const { origin } = await moodyServer();
    record();
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const requests = await load(
      (path, { signal, isRead }) =>
        new Promise((resolve, reject) => {
          const request = requestByNode(origin + path, { agent, signal }, (response) => {
            response.on('error', () => undefined);
            if (isRead) {
              response.resume();
            } else {
              response.destroy();
            }
          });
          request.on('error', reject).on('close', resolve).end();
        }),
    );
    agent.destroy();
    const spans = await telemetry.all();
    expect(spans.filter(({ name }) => name === 'GET')).toHaveLength(requests);
    const { unlinked, setups } = linksOf(spans);
    expect([unlinked, setups > 5]).toEqual([0, true]);
  });
});
