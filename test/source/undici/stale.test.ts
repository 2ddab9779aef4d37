import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import {
  closing,
  seenByServer,
  type Traced,
  told,
  tracedRequest,
} from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { httpServer } from '../../support/servers/truthful-server.js';

useContextManager();
useRequestLedger();

const SENT = ['gotConn', 'wroteHeaders', 'wroteRequest'];

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  /** Requests that are made when the server has closed the connections they will be given, and nobody knows it. */
  async function onStaleConnections(count: number): Promise<Traced[]> {
    const { origin, connections } = await httpServer();
    const pool = closing(new flavour.Pool(origin, { connections: count }));
    const paths = Array.from({ length: count }, (_, i) => `${origin}/${i}`);
    await Promise.all(paths.map((path) => tracedRequest(pool, `${path}/first`)));
    await setImmediate();
    await setImmediate();
    for (const connection of connections) {
      connection.destroy();
    }
    return Promise.all(paths.map((path) => tracedRequest(pool, path)));
  }

  function expectTruth(result: Traced): void {
    if (result.error !== undefined) {
      // Releases before those of 2026 write to it all the same.
      expect(result.recorder.hooks).toEqual(['getConn', ...SENT]);
      expect(result.recorder.gotConn).toMatchObject({ reused: true, wasIdle: true });
    } else {
      expect(result.recorder.hooks).toEqual([
        ...['getConn', 'connectStart', 'connectDone'],
        ...[...SENT, 'gotFirstResponseByte', 'putIdleConn'],
      ]);
      expect(told(result.recorder.gotConn)).toEqual(seenByServer(result));
    }
  }

  it('tells the dial to a request whose connection turned out to be closed', async () => {
    const all = await onStaleConnections(1);
    all.forEach(expectTruth);
    if (flavour.installed !== undefined) {
      expect(all.map(({ error }) => error)).toEqual([undefined]);
    }
  });

  it('tells each dial to its request when several connections turned out to be closed', async () => {
    const all = await onStaleConnections(3);
    all.forEach(expectTruth);
    if (flavour.installed !== undefined) {
      expect(all.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    }
  });
});
