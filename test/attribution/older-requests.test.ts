import { expect, it } from 'vitest';
import { connectionsAreIdle } from '../support/expected-span.js';
import { askNode, httpAgent } from '../support/node-clients.js';
import { useTelemetry } from '../support/telemetry.js';
import { httpServer } from '../support/truthful-server.js';
import { askRequest } from '../support/undici-apis.js';
import { UNDICI_FLAVOURS } from '../support/undici-flavours.js';
import { closing } from '../support/undici-traced.js';

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
