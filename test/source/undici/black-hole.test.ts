import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { httpAgent, tracedNode } from '../../support/clients/node-clients.js';
import { askFetch, askRequest, type UndiciApi } from '../../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { closing, seenByServer, told, traced, tracedRequest } from '../../support/clients/undici-traced.js';
import { codeOf, EventRecorder } from '../../support/event-recorder.js';
import { blackHole } from '../../support/servers/black-hole.js';
import { httpServer } from '../../support/servers/truthful-server.js';
import { durations, requested } from '../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const askByRequest: UndiciApi['ask'] = (_flavour, ...asked) => askRequest(...asked);

const DIALLING = ['getConn', 'connectStart'];
const DIALLED = [...DIALLING, 'connectDone'];

/** A resolver that knows these addresses of every host. */
const resolvingTo =
  (...addresses: string[]): LookupFunction =>
  (_host, _options, done) =>
    (done as (error: null, found: { address: string; family: number }[]) => void)(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );

const attempt = (address: string, port: number) => ({
  'network.transport': 'tcp',
  'network.type': 'ipv4',
  'network.peer.address': address,
  'network.peer.port': port,
});

describe.each(UNDICI_FLAVOURS)('$name: a dial that nobody answers', (flavour) => {
  it("ends with undici's own timeout, for all who wait for it", async () => {
    const port = await blackHole();
    const origin = `http://127.0.0.1:${port}`;
    telemetry.instrument();
    const client = closing(new flavour.Client(origin, { connect: { timeout: 100 } }));
    const [first, second] = await Promise.all([
      tracedRequest(client, `${origin}/first`),
      tracedRequest(client, `${origin}/second`),
    ]);
    expect(codeOf(first.error)).toBe('UND_ERR_CONNECT_TIMEOUT');
    expect(second.error).toBe(first.error);
    expect([first, second].map(({ recorder }) => recorder.hooks)).toEqual([DIALLED, ['getConn']]);
    expect(first.recorder.only('connectDone')).toEqual(['tcp', `127.0.0.1:${port}`, first.error]);
    const spans = await telemetry.shown();
    expect(spans.map(({ attributes }) => attributes)).toEqual([
      {
        ...requested(origin, '/first'),
        ...durations('getconn', 'connect'),
        'error.type': 'UND_ERR_CONNECT_TIMEOUT',
        'httptrace.failed_phase': 'connect',
      },
      {
        ...requested(origin, '/second'),
        ...durations('getconn'),
        'error.type': 'UND_ERR_CONNECT_TIMEOUT',
        'httptrace.failed_phase': 'getconn',
      },
    ]);
    expect(spans[0]?.events.at(-2)).toEqual([
      'http.connect.done',
      { ...attempt('127.0.0.1', port), 'error.type': 'UND_ERR_CONNECT_TIMEOUT' },
    ]);
  });

  // undici asks for the signal only when it has a connection, and tells nobody of the caller's decision before.
  it.each([
    { api: 'fetch', ask: askFetch, failsWith: 'AbortError' },
    { api: 'request', ask: askByRequest, failsWith: 'ConnectTimeoutError' },
  ])('goes on to its own end when the caller of $api gives up', async ({ ask, failsWith }) => {
    const port = await blackHole();
    const origin = `http://127.0.0.1:${port}`;
    telemetry.instrument();
    const caller = new AbortController();
    const recorder = new EventRecorder().on('connectStart', () => setImmediate(() => caller.abort()));
    const agent = closing(new flavour.Agent({ connect: { timeout: 100 } }));
    const { error } = await traced(
      () => ask(flavour, agent, `${origin}/`, { signal: caller.signal }),
      recorder,
    );
    expect(error).toMatchObject({ name: failsWith });
    const { attributes } = await telemetry.onlyShown();
    expect(recorder.hooks).toEqual(DIALLED);
    expect(attributes).toEqual({
      ...requested(origin, '/'),
      ...durations('getconn', 'connect'),
      'error.type': 'UND_ERR_CONNECT_TIMEOUT',
      'httptrace.failed_phase': 'connect',
    });
  });

  it('is given up for the next address', async () => {
    const { port } = await httpServer();
    await blackHole('127.0.0.2', port);
    telemetry.instrument();
    const origin = `http://several.example:${port}`;
    const connect = {
      lookup: resolvingTo('127.0.0.2', '127.0.0.1'),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: 50,
    };
    const result = await tracedRequest(closing(new flavour.Client(origin, { connect })), `${origin}/`);
    expect(told(result.recorder.gotConn)).toEqual(seenByServer(result));
    expect(result.recorder.all('connectDone').map(([, addr, err]) => [addr, codeOf(err)])).toEqual([
      [`127.0.0.2:${port}`, 'ETIMEDOUT'],
      [`127.0.0.1:${port}`, undefined],
    ]);
    const { attributes, events, status } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'UNSET' });
    expect(attributes).not.toHaveProperty('error.type');
    expect(events.filter(([name]) => name === 'http.connect.done')).toEqual([
      ['http.connect.done', { ...attempt('127.0.0.2', port), 'error.type': 'ETIMEDOUT' }],
      ['http.connect.done', attempt('127.0.0.1', port)],
    ]);
  });
});

describe('node:http: a dial that nobody answers', () => {
  it('stays open when the caller gives up', async () => {
    const port = await blackHole();
    telemetry.instrument();
    const caller = new AbortController();
    const recorder = new EventRecorder().on('connectStart', () => setImmediate(() => caller.abort()));
    const { error } = await tracedNode(
      `http://127.0.0.1:${port}/`,
      { agent: httpAgent(), signal: caller.signal },
      recorder,
    );
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(recorder.hooks).toEqual(DIALLING);
    expect((await telemetry.onlyShown()).status).toEqual({ code: 'UNSET' });
  });

  it('ends as a timeout when the deadline of the caller does', async () => {
    const port = await blackHole();
    telemetry.instrument();
    const { recorder } = await tracedNode(`http://127.0.0.1:${port}/`, {
      agent: httpAgent(),
      signal: AbortSignal.timeout(100),
    });
    expect(recorder.hooks).toEqual(DIALLING);
    expect((await telemetry.onlyShown()).attributes).toMatchObject({ 'error.type': 'TimeoutError' });
  });

  it('is given up for the next address', async () => {
    const { port } = await httpServer();
    await blackHole('127.0.0.2', port);
    telemetry.instrument();
    const result = await tracedNode(`http://several.example:${port}/`, {
      agent: httpAgent({ autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 50 }),
      lookup: resolvingTo('127.0.0.2', '127.0.0.1'),
      autoSelectFamily: true,
    });
    expect(told(result.recorder.gotConn)).toEqual(seenByServer(result));
    expect(result.recorder.all('connectDone').map(([, addr, err]) => [addr, codeOf(err)])).toEqual([
      [`127.0.0.2:${port}`, 'ETIMEDOUT'],
      [`127.0.0.1:${port}`, undefined],
    ]);
    expect((await telemetry.onlyShown()).status).toEqual({ code: 'UNSET' });
  });
});
