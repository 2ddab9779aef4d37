import { once } from 'node:events';
import { get } from 'node:http';
import { context, createContextKey, ROOT_CONTEXT, trace as traces } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { describe, expect, it } from 'vitest';
import type { ClientTraceHook } from '../../src/httptrace/client-trace.js';
import { CLIENT_TRACE_HOOKS } from '../../src/httptrace/compose.js';
import { type ClientTrace, contextClientTrace, withClientTrace } from '../../src/httptrace.js';
import { answerOf } from '../support/clients/node-clients.js';
import { useContextManager } from '../support/context-manager.js';
import { EventRecorder } from '../support/event-recorder.js';
import { onEachHead, rawServer } from '../support/servers/raw-server.js';
import { httpServer } from '../support/servers/truthful-server.js';
import { CLIENT_KINDS } from '../support/telemetry/drawn-spans.js';
import { useReportedErrors } from '../support/telemetry/reported-errors.js';

useContextManager();
const reported = useReportedErrors();

/** What one request on a connection of its own goes through. */
const HOOKS: readonly ClientTraceHook[] = [
  ...(['getConn', 'connectStart', 'connectDone', 'gotConn', 'wroteHeaders', 'wroteRequest'] as const),
  ...(['gotFirstResponseByte', 'putIdleConn'] as const),
];

const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A trace all of whose hooks do the same. */
function always(hook: (name: ClientTraceHook) => unknown): ClientTrace {
  return Object.fromEntries(CLIENT_TRACE_HOOKS.map((name) => [name, () => hook(name)]));
}

function within<T>(trace: ClientTrace, make: () => T, ctx = context.active()): T {
  return context.with(withClientTrace(ctx, trace), make);
}

describe('with nothing of OpenTelemetry but a context manager', () => {
  it('hooks run for the fetch that Node has', async () => {
    const { origin } = await httpServer();
    const recorder = new EventRecorder();
    const response = await recorder.run(() => fetch(origin));
    expect(await response.text()).toBe('ok');
    await recorder.until('putIdleConn');
    expect(recorder.hooks).toEqual(HOOKS);
    expect(traces.getActiveSpan()).toBeUndefined();
  });

  it('hooks run for requests of node:http', async () => {
    const { origin } = await httpServer();
    const recorder = new EventRecorder();
    expect((await answerOf(recorder.run(() => get(origin)))).body).toBe('ok');
    await recorder.until('gotFirstResponseByte');
    expect(recorder.hooks.slice(0, 7)).toEqual(HOOKS.slice(0, 7));
  });

  it('requests outside that context run no hook', async () => {
    const { origin } = await httpServer();
    const recorder = new EventRecorder();
    await recorder.run(() => fetch(origin)).then((response) => response.text());
    const { length } = recorder.calls;
    await fetch(origin).then((response) => response.text());
    expect(recorder.count('getConn')).toBe(1);
    expect(recorder.calls.slice(length).map(({ hook }) => hook)).toEqual([]);
  });
});

describe.each(CLIENT_KINDS)('$name', ({ client }) => {
  it('runs the hooks of the new trace before those of the old one, each with the same arguments', async () => {
    const { origin } = await httpServer();
    const calls: { of: string; hook: string; args: readonly unknown[] }[] = [];
    const [old, fresh] = ['old', 'new'].map(
      (of) => new EventRecorder(({ hook, args }) => calls.push({ of, hook, args })),
    );
    const ctx = withClientTrace(ROOT_CONTEXT, old?.trace ?? {});
    await within(fresh?.trace ?? {}, () => client(origin).ask('/'), ctx);
    const by = (name: string) =>
      calls.filter(({ of }) => of === name).map(({ hook, args }) => ({ hook, args }));
    expect(calls.map(({ of }) => of)).toEqual(calls.map((_call, index) => (index % 2 === 0 ? 'new' : 'old')));
    expect(by('old')).toEqual(by('new'));
    expect(fresh?.hooks).toEqual(HOOKS);
  });

  it('is answered although every hook throws, and each throw is reported', async () => {
    const { origin } = await httpServer();
    const thrown: Error[] = [];
    const trace = always((hook) => {
      thrown.push(new Error(hook));
      throw thrown.at(-1);
    });
    await within(trace, () => client(origin).ask('/'));
    expect(thrown.map(({ message }) => message).filter((hook) => hook !== 'wroteHeaderField')).toEqual(HOOKS);
    expect(reported.map(([, error]) => error)).toEqual(thrown);
    expect(reported[0]?.[0]).toBe('httptrace: the getConn hook of a ClientTrace threw; the request goes on');
  });

  it('is answered although every hook is asynchronous and rejects', async () => {
    const { origin } = await rawServer((socket) => onEachHead(socket, () => socket.write(HINTS + OK)));
    const rejected: Error[] = [];
    const trace = always((hook) => {
      rejected.push(new Error(hook));
      return Promise.reject(rejected.at(-1));
    });
    await within(trace, () => client(origin).ask('/'));
    expect(rejected.map(({ message }) => message)).toContain('got1xxResponse');
    expect(reported.map(([, error]) => error)).toEqual(rejected);
  });

  it.each([
    ['a promise', Promise.resolve()],
    ['a number', 3],
    ['null', null],
  ])('is answered although a hook returns %s for an informational response', async (_name, result) => {
    const { origin } = await rawServer((socket) => onEachHead(socket, () => socket.write(HINTS + OK)));
    let informed = 0;
    const got1xxResponse = () => {
      informed++;
      return result as unknown as undefined;
    };
    await within({ got1xxResponse }, () => client(origin).ask('/'));
    expect(informed).toBe(1);
  });

  it('runs its hooks in its own context', async () => {
    const { origin } = await httpServer();
    const key = createContextKey('whose');
    const one = client(origin);
    const seen: unknown[] = [];
    const trace = always(() =>
      seen.push([context.active().getValue(key), contextClientTrace(context.active()) === trace]),
    );
    await one.ask('/before');
    await Promise.all(
      ['first', 'second'].map((whose) =>
        within(trace, () => one.ask(`/${whose}`), ROOT_CONTEXT.setValue(key, whose)),
      ),
    );
    const whose = (name: string) =>
      seen.filter((call) => Array.isArray(call) && call[0] === name && call[1] === true);
    expect(whose('first').length).toBeGreaterThan(5);
    expect(whose('second').length).toBeGreaterThan(5);
    expect(whose('first').length + whose('second').length).toBe(seen.length);
  });

  it('runs no hook while tracing is suppressed', async () => {
    const { origin } = await httpServer();
    const recorder = new EventRecorder();
    await within(recorder.trace, () => client(origin).ask('/'), suppressTracing(ROOT_CONTEXT));
    expect(recorder.calls).toEqual([]);
  });

  it('takes nothing amiss of a trace without hooks, nor of one that loses them under way', async () => {
    const { origin } = await httpServer();
    const recorder = new EventRecorder().on('gotConn', () => {
      Object.assign(recorder.trace, { wroteRequest: undefined, gotFirstResponseByte: 'nothing' });
    });
    const one = client(origin);
    await within({}, () => one.ask('/'));
    await recorder.run(() => one.ask('/'));
    expect(recorder.hooks).toEqual(['getConn', 'gotConn', 'wroteHeaders', 'putIdleConn']);
    expect(reported).toEqual([]);
  });
});

it('without a context manager there are no hooks, and nothing else changes', async () => {
  context.disable();
  const { origin } = await httpServer();
  const recorder = new EventRecorder();
  const [response] = await once(
    recorder.run(() => get(origin)),
    'response',
  );
  expect(response.statusCode).toBe(200);
  response.resume();
  expect(recorder.calls).toEqual([]);
});
