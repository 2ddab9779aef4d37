import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { CLIENT_TRACE_HOOKS } from '../../src/httptrace/compose.js';
import { type ClientTrace, contextClientTrace, withClientTrace } from '../../src/httptrace.js';
import { useReportedErrors } from '../support/telemetry/reported-errors.js';

const reported = useReportedErrors();

/** The trace of a context that was given these, the first one first. */
function composed(...traces: ClientTrace[]): ClientTrace {
  const ctx = traces.reduce((inner, trace) => withClientTrace(inner, trace), ROOT_CONTEXT);
  const trace = contextClientTrace(ctx);
  if (trace === undefined) {
    throw new Error('The context has no trace');
  }
  return trace;
}

describe('contextClientTrace', () => {
  it('knows of no trace in a context without one', () => {
    expect(contextClientTrace(ROOT_CONTEXT)).toBeUndefined();
  });

  it('gives back the very trace of a context with one', () => {
    const trace: ClientTrace = { getConn: () => undefined };
    expect(composed(trace)).toBe(trace);
  });
});

describe('withClientTrace', () => {
  it('keeps the rest of the context, and leaves the context that it was given as it was', () => {
    const key = createContextKey('kept');
    const before = ROOT_CONTEXT.setValue(key, 'kept');
    const after = withClientTrace(before, {});
    expect(after.getValue(key)).toBe('kept');
    expect(contextClientTrace(before)).toBeUndefined();
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['a trace', 'string'],
    [() => undefined, 'function'],
  ])('refuses %s', (trace, kind) => {
    expect(() => withClientTrace(ROOT_CONTEXT, trace as ClientTrace)).toThrow(
      new TypeError(`withClientTrace: the trace must be an object with hooks, but it is ${kind}`),
    );
  });

  it.each([
    [null, 'null'],
    [true, 'boolean'],
    ['log', 'string'],
    [{}, 'object'],
  ])('refuses a hook that is %s', (hook, kind) => {
    const trace = Object.assign({ getConn: () => undefined }, { putIdleConn: hook as never });
    expect(() => withClientTrace(ROOT_CONTEXT, trace)).toThrow(
      new TypeError(`withClientTrace: the putIdleConn hook must be a function, but it is ${kind}`),
    );
  });

  it('takes a hook that is undefined for one that is absent', () => {
    const absent: Record<string, undefined> = { dnsStart: undefined };
    expect(composed(absent, absent)).not.toHaveProperty('dnsStart');
  });
});

describe('composed traces', () => {
  it.each(CLIENT_TRACE_HOOKS)(
    'run %s of the new trace first, then that of the old, with the same arguments',
    (hook) => {
      const calls: [name: string, args: unknown[]][] = [];
      const noting = (name: string): ClientTrace => ({
        [hook]: (...args: unknown[]) => void calls.push([name, args]),
      });
      const args = [{ one: 1 }, { two: 2 }, { three: 3 }];
      const trace = composed(noting('old'), noting('middle'), noting('new'));
      (trace[hook] as (...args: unknown[]) => unknown)(...args);
      expect(calls.map(([name]) => name)).toEqual(['new', 'middle', 'old']);
      expect(calls.every(([, given]) => given.length === 3 && args.every((arg, i) => given[i] === arg))).toBe(
        true,
      );
    },
  );

  it('run the hook of the one that has it, and have none that neither has', () => {
    const calls: string[] = [];
    const trace = composed(
      { getConn: () => void calls.push('old getConn') },
      { wroteHeaders: () => void calls.push('new wroteHeaders') },
    );
    trace.getConn?.('a.example:80');
    trace.wroteHeaders?.();
    expect(calls).toEqual(['old getConn', 'new wroteHeaders']);
    expect(Object.keys(trace)).toEqual(['getConn', 'wroteHeaders']);
  });

  it('may share their first ones, which run once in each', () => {
    const calls: string[] = [];
    const noting = (name: string): ClientTrace => ({ getConn: () => void calls.push(name) });
    const shared = withClientTrace(ROOT_CONTEXT, noting('shared'));
    for (const name of ['left', 'right']) {
      contextClientTrace(withClientTrace(shared, noting(name)))?.getConn?.('a.example:80');
    }
    expect(calls).toEqual(['left', 'shared', 'right', 'shared']);
  });

  it('run each hook as a method of its own trace', () => {
    class Counting implements ClientTrace {
      conns = 0;

      getConn(): void {
        this.conns++;
      }
    }
    const [one, other] = [new Counting(), new Counting()];
    composed(one, other).getConn?.('a.example:80');
    expect([one.conns, other.conns]).toEqual([1, 1]);
  });

  it('run all hooks, and report each throw, when some throw', () => {
    const thrown = [new Error('old'), 'no error at all'];
    const calls: string[] = [];
    const trace = composed(
      {
        gotConn: () => {
          throw thrown[0];
        },
      },
      { gotConn: () => void calls.push('middle') },
      {
        gotConn: () => {
          throw thrown[1];
        },
      },
    );
    const conn = {} as Socket;
    trace.gotConn?.({ conn, reused: false, wasIdle: false, idleTime: 0 });
    expect(calls).toEqual(['middle']);
    const message = 'httptrace: the gotConn hook of a ClientTrace threw; the request goes on';
    expect(reported).toEqual([
      [message, thrown[1]],
      [message, thrown[0]],
    ]);
  });

  it('report once what an asynchronous hook rejects with', async () => {
    const error = new Error('too late');
    composed({ wroteHeaders: () => Promise.reject(error) }, {}).wroteHeaders?.();
    await setImmediate();
    expect(reported).toEqual([
      ['httptrace: the wroteHeaders hook of a ClientTrace threw; the request goes on', error],
    ]);
  });

  it('refuse a response with the first error that a hook returns, whatever else others return', () => {
    const refusal = new Error('no hints');
    const returning = (result: unknown): ClientTrace => ({ got1xxResponse: () => result as Error });
    const trace = composed(
      returning(new Error('of the oldest')),
      returning(refusal),
      returning(Promise.resolve()),
      returning('nothing'),
      returning(null),
    );
    expect(trace.got1xxResponse?.(103, {})).toBe(refusal);
  });
});
