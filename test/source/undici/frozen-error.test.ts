import { afterAll, expect, it } from 'vitest';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { UNDICI_FLAVOURS } from '../../support/clients/undici-flavours.js';
import { closing, seenByServer, told, tracedRequest } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { httpServer } from '../../support/servers/truthful-server.js';

useContextManager();
useRequestLedger();

it.each(UNDICI_FLAVOURS)('tells the dial of $name and reads no stack', async ({ Client }) => {
  const { origin } = await httpServer();
  const result = await tracedRequest(closing(new Client(origin)), origin);
  expect(result.recorder.hooks.slice(0, 4)).toEqual(['getConn', 'connectStart', 'connectDone', 'gotConn']);
  expect(told(result.recorder.gotConn)).toEqual(seenByServer(result));
});

// In a process of its own: this cannot be undone.
const limit = { value: 10, writable: false, enumerable: true, configurable: false };
Object.defineProperty(Error, 'stackTraceLimit', limit);
const formatted: string[] = [];
const { prepareStackTrace } = Error;
const noting: typeof prepareStackTrace = (error, calls) => {
  formatted.push(...calls.map((call) => String(call.getFileName())).slice(0, 1));
  return prepareStackTrace?.(error, calls) ?? String(error);
};
Error.prepareStackTrace = noting;

afterAll(() => {
  expect(Error.prepareStackTrace).toBe(noting);
  expect(formatted.filter((file) => file.includes('/src/source/'))).toEqual([]);
  Error.prepareStackTrace = prepareStackTrace;
});
