import { afterEach, expect, it, vi } from 'vitest';
import { pendingResponse } from '../support/servers/capture-server.js';

afterEach(() => vi.unstubAllGlobals());

it.each(['deno', 'bun'])('does not say in %s that a response had no body', async (runtime) => {
  const versions = { ...process.versions, [runtime]: '1.0.0' };
  vi.stubGlobal('process', Object.create(process, { versions: { value: versions } }));
  vi.resetModules();
  const { captureMetricsFn } = await import('../../src/httpsnoop/index.js');
  const { ServerRecord } = await import('../../src/recorder/server.js');
  const res = await pendingResponse();
  const { code, written } = await captureMetricsFn(res, () => res.end('hello'));
  expect({ code, written }).toEqual({ code: 200, written: Number.NaN });
  expect(new ServerRecord(0).bodyBytes).toBeNaN();
});
