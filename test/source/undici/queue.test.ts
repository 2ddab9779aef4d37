import { once } from 'node:events';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { handlerOf } from '../../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { closing, seenByServer, told, tracedRequest } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { deferred } from '../../support/deferred.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { onEachHead, rawServer } from '../../support/servers/raw-server.js';
import { httpServer, type TruthfulServer } from '../../support/servers/truthful-server.js';

useContextManager();
useRequestLedger();

const SENT = ['wroteHeaders', 'wroteRequest', 'gotFirstResponseByte'];
const DIALLED = ['getConn', 'connectStart', 'connectDone', 'gotConn', ...SENT];
const WAITED = ['getConn', 'gotConn', ...SENT];

function closingServer(): Promise<TruthfulServer> {
  return httpServer((_req, res) => res.setHeader('connection', 'close').end('ok'));
}

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  const { Client, Pool } = flavour;

  it('gives each dial of a Client whose connections are closed to the head of its queue', async () => {
    const { origin } = await closingServer();
    const client = closing(new Client(origin));
    const all = await Promise.all([1, 2, 3, 4, 5].map((i) => tracedRequest(client, `${origin}/${i}`)));
    expect(all.map(({ recorder }) => recorder.hooks)).toEqual(Array(5).fill(DIALLED));
    expect(all.map(({ recorder }) => told(recorder.gotConn))).toEqual(all.map(seenByServer));
  });

  it('tells the queues of two Clients for one origin apart', async () => {
    const { origin, connections } = await closingServer();
    const clients = [closing(new Client(origin)), closing(new Client(origin))];
    const all = await Promise.all(
      [0, 1, 0, 1, 0, 1].map((of, i) =>
        tracedRequest(clients[of] as InstanceType<typeof Client>, `${origin}/${i}`),
      ),
    );
    expect(all.map(({ recorder }) => recorder.hooks)).toEqual(Array(6).fill(DIALLED));
    expect(all.map(({ recorder }) => told(recorder.gotConn))).toEqual(all.map(seenByServer));
    expect(connections).toHaveLength(6);
  });

  it('gives each dial of a Pool whose connections are closed to the request that gets it', async () => {
    const { origin } = await closingServer();
    const pool = closing(new Pool(origin, { connections: 2 }));
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map((i) => tracedRequest(pool, `${origin}/${i}`)));
    expect(all.map(({ recorder }) => recorder.hooks)).toEqual(Array(6).fill(DIALLED));
    expect(all.map(({ recorder }) => told(recorder.gotConn))).toEqual(all.map(seenByServer));
  });

  it('runs no hooks of the dial for requests that wait for it', async () => {
    const { origin } = await httpServer();
    const client = closing(new Client(origin));
    const all = await Promise.all([1, 2, 3].map((i) => tracedRequest(client, `${origin}/${i}`)));
    expect(all.map(({ recorder }) => recorder.hooks)).toEqual([
      [...DIALLED, 'putIdleConn'],
      [...WAITED, 'putIdleConn'],
      [...WAITED, 'putIdleConn'],
    ]);
    expect(all.map(({ recorder }) => recorder.gotConn.wasIdle)).toEqual([false, false, false]);
  });

  it('dials for nobody when a connection is closed that nobody waits for', async () => {
    const { origin, connections } = await httpServer();
    const client = closing(new Client(origin));
    const first = await tracedRequest(client, `${origin}/first`);
    first.recorder.gotConn.conn.destroy();
    await once(client, 'disconnect');
    const second = await tracedRequest(client, `${origin}/second`);
    expect(first.recorder.hooks).toEqual([...DIALLED, 'putIdleConn']);
    expect(second.recorder.hooks).toEqual([...DIALLED, 'putIdleConn']);
    expect(connections).toHaveLength(2);
  });

  it('dials for the next in the queue when the caller gave up whom it dialled for', async () => {
    const { origin, connections } = await httpServer();
    const client = closing(new Client(origin));
    const caller = new AbortController();
    const recorder = new EventRecorder().on('connectStart', () => caller.abort());
    const [gaveUp, next] = await Promise.all([
      tracedRequest(client, `${origin}/gave-up`, { signal: caller.signal }, recorder),
      tracedRequest(client, `${origin}/next`),
    ]);
    expect(gaveUp.recorder.hooks).toEqual(['getConn', 'connectStart', 'connectDone']);
    expect(next.recorder.hooks).toEqual([...DIALLED, 'putIdleConn']);
    expect(told(next.recorder.gotConn)).toEqual(seenByServer(next));
    expect(connections).toHaveLength(2);
  });

  it('tells a request that is sent once more of its new dial and its new connection', async () => {
    let heads = 0;
    const { origin, connections } = await rawServer((socket) => {
      const isFirst = connections.length === 1;
      onEachHead(socket, () => {
        heads++;
        if (isFirst && heads === 2) {
          socket.destroy();
        } else if (!isFirst) {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        }
      });
    });
    const client = closing(new Client(origin, { pipelining: 2 }));
    const [failed, resent] = await Promise.all([
      tracedRequest(client, `${origin}/failed`, { blocking: false }),
      tracedRequest(client, `${origin}/resent`, { blocking: false }),
    ]);
    expect(failed.error).toBeInstanceOf(Error);
    expect(failed.recorder.hooks).toEqual(DIALLED.slice(0, -1));
    expect(resent.answered?.status).toBe(200);
    expect(resent.recorder.hooks).toEqual([
      ...['getConn', 'gotConn', 'wroteHeaders', 'wroteRequest'],
      ...['connectStart', 'connectDone', 'gotConn', ...SENT, 'putIdleConn'],
    ]);
    expect(resent.recorder.all('gotConn')).toMatchObject([[{ reused: true }], [{ reused: false }]]);
  });

  it('gives a dial to the head of the queue, whoever is added to it meanwhile', async () => {
    const { origin, connections } = await rawServer((socket) => {
      const isFirst = connections.length === 1;
      onEachHead(socket, () =>
        isFirst ? socket.destroy() : socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
      );
    });
    const client = closing(new Client(origin));
    const added = new EventRecorder();
    const answered = deferred();
    const request = (path: string, recorder: EventRecorder, failed: () => void, ended: () => void) =>
      recorder.run(
        () => client.dispatch({ origin, path, method: 'GET' }, handlerOf(flavour, { failed, ended })),
        ROOT_CONTEXT,
      );
    const [failing, head] = [new EventRecorder(), new EventRecorder()];
    request(
      '/failing',
      failing,
      () => request('/added', added, () => undefined, answered.resolve),
      () => undefined,
    );
    request(
      '/head',
      head,
      () => undefined,
      () => undefined,
    );
    await answered.promise;
    expect(failing.hooks).toEqual(DIALLED.slice(0, -1));
    expect(head.hooks).toEqual([...DIALLED, 'putIdleConn']);
    expect(added.hooks.slice(0, 2)).toEqual(['getConn', 'gotConn']);
  });

  it('ends the requests of a Client that is destroyed under them', async () => {
    const { origin } = await httpServer(() => undefined);
    const client = closing(new Client(origin));
    const recorder = new EventRecorder().on('wroteRequest', () => process.nextTick(() => client.destroy()));
    const all = await Promise.all([
      tracedRequest(client, `${origin}/running`, {}, recorder),
      tracedRequest(client, `${origin}/queued`),
    ]);
    expect(all.map(({ error }) => error)).toEqual([expect.any(Error), expect.any(Error)]);
    expect(all.map((one) => one.recorder.hooks)).toEqual([DIALLED.slice(0, -1), ['getConn']]);
  });
});
