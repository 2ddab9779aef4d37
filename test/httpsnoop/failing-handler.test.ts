import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { captureMetricsFn, Metrics } from '../../src/httpsnoop/index.js';
import { pendingResponse } from '../support/servers/capture-server.js';

function failure(result: Promise<unknown>): Promise<unknown> {
  return result.then(
    () => expect.unreachable('should have been rejected'),
    (error: unknown) => error,
  );
}

describe('a handler that fails', () => {
  const error = new Error('boom');

  const failing: readonly (readonly [string, unknown, () => unknown])[] = [
    [
      'throws',
      error,
      () => {
        throw error;
      },
    ],
    [
      'throws something that is no error',
      'boom',
      () => {
        throw 'boom';
      },
    ],
    [
      'throws undefined',
      undefined,
      () => {
        throw undefined;
      },
    ],
    [
      'rejects',
      error,
      async () => {
        throw error;
      },
    ],
    ['rejects later', error, () => new Promise((_resolve, reject) => setImmediate(reject, error))],
    [
      'gives back a thenable that rejects',
      error,
      // biome-ignore lint/suspicious/noThenProperty: a thenable that is no Promise is what this case is about.
      () => ({ then: (_ok: unknown, no: (e: Error) => void) => no(error) }),
    ],
  ];

  it.each(failing)('rejects with the very same value when it %s', async (_name, expected, fail) => {
    const res = await pendingResponse();
    expect(await failure(captureMetricsFn(res, fail))).toBe(expected);
  });

  it.each(failing)('still counts to the close when it %s', async (_name, _expected, fail) => {
    const res = await pendingResponse();
    const metrics = new Metrics();
    const result = captureMetricsFn(
      res,
      () => {
        res.writeHead(206);
        res.write('hello');
        return fail();
      },
      metrics,
    );
    await failure(result);
    expect(metrics).toMatchObject({ code: 206, written: 5 });
    res.end('world');
    await once(res, 'close');
    expect(metrics.written).toBe(10);
  });

  it('tells the time to the failure first, and to the close in the end', async () => {
    const res = await pendingResponse();
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    onTestFinished(() => now.mockRestore());
    const metrics = new Metrics();
    const result = captureMetricsFn(
      res,
      () => {
        now.mockReturnValue(1010);
        throw error;
      },
      metrics,
    );
    await failure(result);
    expect(metrics.duration).toBe(10);
    now.mockReturnValue(1030);
    res.end();
    await once(res, 'close');
    expect(metrics.duration).toBe(30);
  });

  it.each(failing)('rejects though it broke the response off, when it %s', async (_name, expected, fail) => {
    const res = await pendingResponse();
    const breakOff = (): unknown => {
      res.destroy();
      return fail();
    };
    expect(await failure(captureMetricsFn(res, breakOff))).toBe(expected);
  });

  it('rejects though the close is told before anything else', async () => {
    const res = await pendingResponse();
    const result = captureMetricsFn(res, () => {
      process.nextTick(() => res.emit('close'));
      throw error;
    });
    expect(await failure(result)).toBe(error);
  });

  it('leaves the rest to the program: nobody answers for it', async () => {
    const res = await pendingResponse();
    await failure(captureMetricsFn(res, () => Promise.reject(error)));
    expect(res.headersSent).toBe(false);
    expect(res.destroyed).toBe(false);
  });

  it('keeps what was captured when it fails after the close', async () => {
    const res = await pendingResponse();
    let fail = (_error: Error): void => undefined;
    const result = captureMetricsFn(res, () => {
      res.end('hello');
      return new Promise((_resolve, reject) => {
        fail = reject;
      });
    });
    const metrics = await result;
    const { duration } = metrics;
    fail(error);
    await new Promise((resolve) => setImmediate(resolve));
    expect(metrics).toEqual({ code: 200, written: 5, duration });
  });
});
