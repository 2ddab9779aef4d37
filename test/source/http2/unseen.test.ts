import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { expect, it } from 'vitest';
import { registry } from '../../../src/registry.js';
import { newCounters } from '../../../src/status/request-counter.js';
import { askHttp2, openSession, resultOf } from '../../support/clients/http2-sessions.js';
import { useContextManager } from '../../support/context-manager.js';
import { record } from '../../support/event-recorder.js';
import { streamServer } from '../../support/servers/stream-server.js';

useContextManager();

const answer = {
  counters: newCounters(),
  grpc: true,
  undici: () => undefined,
  node: () => undefined,
  http2: () => undefined,
};

// No hook is asked for before the last test: until then it is looked at only while a recorder wants it.
const looking = () => registry().record(answer);

async function opened(origin: string): Promise<ClientHttp2Session> {
  const session = connect(origin);
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
}

/** What the next request is told of its connection. */
async function next(session: ClientHttp2Session) {
  const { recorder, result } = record(() => askHttp2(session, { ':path': '/next' }));
  await result;
  return recorder.gotConn;
}

it('knows what a session did while nobody looked', async () => {
  const server = await streamServer((stream, { ':path': path }) => {
    stream.respond({ ':status': 200 });
    if (path !== '/open') {
      stream.end('ok');
    }
  });
  const unused = await opened(server.origin);
  const used = await opened(server.origin);
  await askHttp2(used);
  const busy = await opened(server.origin);
  const open = busy.request({ ':path': '/open' });
  await once(open, 'response');

  const stop = looking();
  const between = openSession(server.origin);
  await askHttp2(between);
  stop();
  await askHttp2(between);
  looking();

  expect(await next(unused)).toMatchObject({ reused: false, wasIdle: true, idleTime: Number.NaN });
  expect(await next(used)).toMatchObject({ reused: true, wasIdle: true, idleTime: Number.NaN });
  expect(await next(between)).toMatchObject({ reused: true, wasIdle: true, idleTime: Number.NaN });
  expect(await next(busy)).toMatchObject({ reused: true, wasIdle: false, idleTime: 0 });
  expect(await next(busy)).toMatchObject({ reused: true, wasIdle: false, idleTime: 0 });
  open.close();
  await resultOf(open);
  expect(await next(busy)).toMatchObject({ reused: true, wasIdle: true, idleTime: Number.NaN });
  expect((await next(busy)).idleTime).toBeGreaterThan(0);
  for (const session of [unused, used, busy]) {
    session.destroy();
  }
});
