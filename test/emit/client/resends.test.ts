import { createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { handlerOf } from '../../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { listen } from '../../support/servers/listen.js';
import { onEachHead } from '../../support/servers/raw-server.js';
import {
  connected,
  dialled,
  durations,
  EXCHANGE,
  gotNew,
  gotNone,
  requested,
  SENT,
  wanted,
} from '../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Resets the first connection when two requests are there; what becomes of later ones is said here. */
async function resettingOnce(then: (server: Server) => void): Promise<number> {
  let first = true;
  const server = createServer((socket: Socket) => {
    socket.on('error', () => socket.destroy());
    if (!first) {
      onEachHead(socket, () => socket.write(OK));
      return;
    }
    first = false;
    let heads = 0;
    onEachHead(socket, () => {
      heads++;
      if (heads === 2) {
        then(server);
        socket.resetAndDestroy();
      }
    });
  });
  return listen(server);
}

describe.each(UNDICI_FLAVOURS)('$name: the span of a request that undici sends again', (flavour) => {
  /** Two at once on one connection; newer releases do so only if they are told that the first is not slow. */
  async function pipelined(port: number): Promise<void> {
    const origin = `http://127.0.0.1:${port}`;
    const client = new flavour.Client(origin, { pipelining: 2 });
    onTestFinished(() => client.destroy());
    const ask = (path: string) =>
      new Promise<void>((resolve) => {
        client.dispatch(
          { origin, path, method: 'GET', headers: { 'x-id': path }, blocking: false },
          handlerOf(flavour, { ended: () => resolve(), failed: () => resolve() }),
        );
      });
    await Promise.all([ask('/head'), ask('/behind')]);
  }

  async function behind(port: number) {
    const url = `http://127.0.0.1:${port}/behind`;
    const span = (await telemetry.shown()).find(({ attributes }) => attributes['url.full'] === url);
    return { status: span?.status, attributes: span?.attributes, events: span?.events };
  }

  it('tells both connections, and the durations of the last attempt', async () => {
    const port = await resettingOnce(() => undefined);
    telemetry.instrument({ client: { headersToSpanAttributes: { requestHeaders: ['x-id'] } } });
    await pipelined(port);
    expect(await behind(port)).toEqual({
      status: { code: 'UNSET' },
      attributes: {
        ...requested(`http://127.0.0.1:${port}`, '/behind'),
        ...connected(port),
        ...durations('getconn', 'connect', 'send', 'wait', 'receive'),
        'http.request.header.x-id': ['/behind'],
        'http.response.status_code': 200,
      },
      events: [
        wanted('127.0.0.1', port),
        gotNew(port, { 'http.conn.reused': true }),
        ...SENT,
        ...dialled(port),
        gotNew(port),
        ...EXCHANGE,
      ],
    });
  });

  it('fails in the dial of its last attempt, if that fails', async () => {
    const port = await resettingOnce((server) => void server.close());
    telemetry.instrument();
    await pipelined(port);
    expect(await behind(port)).toEqual({
      status: { code: 'ERROR', message: `connect ECONNREFUSED 127.0.0.1:${port}` },
      attributes: {
        ...requested(`http://127.0.0.1:${port}`, '/behind'),
        ...durations('getconn', 'connect'),
        'error.type': 'ECONNREFUSED',
        'httptrace.failed_phase': 'connect',
      },
      events: [
        wanted('127.0.0.1', port),
        gotNew(port, { 'http.conn.reused': true }),
        ...SENT,
        ...dialled(port, 'ECONNREFUSED'),
        gotNone('ECONNREFUSED'),
      ],
    });
  });
});
