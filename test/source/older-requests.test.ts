import { describe, expect, it } from 'vitest';
import { askNode, httpAgent } from '../support/clients/node-clients.js';
import { askRequest } from '../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS } from '../support/clients/undici-flavours.js';
import { closing } from '../support/clients/undici-traced.js';
import { deferred } from '../support/deferred.js';
import { httpServer } from '../support/servers/truthful-server.js';
import { connectionsAreIdle } from '../support/telemetry/expected-span.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** A client with one connection. */
interface OneConnection {
  readonly name: string;
  to(origin: string): (path: string) => Promise<unknown>;
}

const CLIENTS: readonly OneConnection[] = [
  {
    name: 'node:http',
    to: (origin) => {
      const agent = httpAgent({ maxSockets: 1 });
      return (path) => askNode(origin + path, { agent });
    },
  },
  ...UNDICI_FLAVOURS.map(({ name, Client }) => ({
    name,
    to: (origin: string) => {
      const client = closing(new Client(origin));
      return (path: string) => askRequest(client, origin + path);
    },
  })),
  ...UNDICI_FLAVOURS.map(({ name, Client }) => ({
    name: `${name} with two requests at once`,
    to: (origin: string) => {
      const client = closing(new Client(origin, { pipelining: 2 }));
      return (path: string) => askRequest(client, origin + path);
    },
  })),
];

it.each(CLIENTS)(
  '$name: a connection that was dialled for a request older than the instrumentation carried that request',
  async ({ to }) => {
    const { origin } = await httpServer();
    const ask = to(origin);
    const older = ask('/older');
    telemetry.instrument();
    await older;
    await connectionsAreIdle();
    await ask('/next');
    const { attributes } = await telemetry.onlyShown();
    expect(attributes).toMatchObject({ 'url.full': `${origin}/next`, 'http.conn.reused': true });
  },
);

/** What is said of the connection of each request; the hooks are of no use here, they listen from then on. */
async function connections(): Promise<unknown[]> {
  const spans = await telemetry.finished();
  return spans.map(({ events }) => {
    const { attributes = {} } = events.find(({ name }) => name === 'http.getconn.done') ?? {};
    const {
      'http.conn.reused': reused,
      'http.conn.wasidle': wasIdle,
      'http.conn.idletime': time,
    } = attributes;
    return { reused, wasIdle, ...(time === undefined ? {} : { wasLong: Number(time) > 0 }) };
  });
}

describe.each(CLIENTS)('$name: a connection that was there before the instrumentation', ({ to }) => {
  it('and had nothing to do is told idle; for how long, nobody knows until it is idle again', async () => {
    const { origin } = await httpServer();
    const ask = to(origin);
    await ask('/older');
    await connectionsAreIdle();
    telemetry.instrument();
    await ask('/next');
    await connectionsAreIdle();
    await ask('/third');

    expect(await connections()).toEqual([
      { reused: true, wasIdle: true },
      { reused: true, wasIdle: true, wasLong: true },
    ]);
  });

  it('and carries a request that is older, too, is not told idle', async () => {
    const arrived = deferred();
    const answer = deferred();
    const { origin } = await httpServer(async (req, res) => {
      if (req.url === '/older') {
        arrived.resolve();
        await answer.promise;
      }
      res.end();
    });
    const ask = to(origin);
    await ask('/oldest');
    await connectionsAreIdle();
    const older = ask('/older');
    await arrived.promise;
    telemetry.instrument();
    const next = ask('/next');
    await connectionsAreIdle();
    answer.resolve();
    await Promise.all([older, next]);

    expect(await connections()).toEqual([{ reused: true, wasIdle: false }]);
  });
});
