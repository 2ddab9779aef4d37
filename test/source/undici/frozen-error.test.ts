import { expect, it } from 'vitest';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { closing, seenByServer, told, tracedRequest } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { httpServer } from '../../support/servers/truthful-server.js';

useContextManager();
useRequestLedger();

it.each(UNDICI_FLAVOURS)('tells no dial of $name where no stack can be read', async ({ Client }) => {
  const { origin } = await httpServer();
  const result = await tracedRequest(closing(new Client(origin)), origin);
  expect(result.recorder.hooks.slice(0, 2)).toEqual(['getConn', 'gotConn']);
  expect(told(result.recorder.gotConn)).toEqual(seenByServer(result));
});

// In a process of its own: this cannot be undone.
Object.defineProperty(Error, 'stackTraceLimit', { value: 10, writable: false, configurable: false });
