import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { useRequestLedger } from '../support/clients/request-ledger.js';
import { UNDICI_APIS } from '../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS } from '../support/clients/undici-flavours.js';
import { useContextManager } from '../support/context-manager.js';
import { EventRecorder } from '../support/event-recorder.js';
import { CA } from '../support/servers/certificates.js';
import { CLIENT_PORT, httpServer, httpsServer, REQUEST_NUMBER } from '../support/servers/truthful-server.js';

useContextManager();
useRequestLedger();

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  describe.each(UNDICI_APIS)('$name', (api) => {
    it.each([
      ['http', httpServer],
      ['https', httpsServer],
    ] as const)('reports the connection that the %s server saw', async (_scheme, serverOf) => {
      const server = await serverOf();
      const agent = new flavour.Agent({ connect: { ca: CA } });
      onTestFinished(() => agent.destroy());
      for (const number of [1, 2, 3]) {
        const recorder = new EventRecorder();
        const { headers } = await recorder.run(() => api.ask(flavour, agent, `${server.origin}/${number}`));
        const { conn, reused, wasIdle } = recorder.gotConn;
        expect({ number: headers[REQUEST_NUMBER], port: headers[CLIENT_PORT] }).toEqual({
          number: String(number),
          port: String(conn.localPort),
        });
        expect({ reused, wasIdle }).toEqual({ reused: number > 1, wasIdle: number > 1 });
        await setImmediate();
        await setImmediate();
      }
    });
  });
});
