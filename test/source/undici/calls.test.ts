import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Dispatcher } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpTraceInstrumentation } from '../../../src/index.js';
import { type LedgerEntry, useRequestLedger } from '../../support/clients/request-ledger.js';
import { type Answered, handlerOf, UNDICI_APIS } from '../../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS, type UndiciFlavour } from '../../support/clients/undici-flavours.js';
import { closing, traced } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { deferred } from '../../support/deferred.js';
import { EventRecorder } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const CALLER = createContextKey('caller');

/** Runs as this caller. */
function as<T>(caller: string, run: () => T): T {
  return context.with(ROOT_CONTEXT.setValue(CALLER, caller), run);
}

const callerIn = ({ context: ctx }: LedgerEntry) => ctx.getValue(CALLER);

/** A server that answers when it is told to. */
async function heldServer() {
  const held: (() => void)[] = [];
  const arrived = deferred();
  const server = await httpServer((_req, res) => {
    held.push(() => res.end('ok'));
    arrived.resolve();
  });
  const release = () => {
    for (const answer of held.splice(0)) {
      answer();
    }
  };
  return { ...server, arrived: arrived.promise, release };
}

/** Asks for `/0` … `/3`, each as a caller of its own: only the first is given the only connection. */
function askFour(ask: (path: string) => Promise<Answered>): Promise<Answered>[] {
  return ['ada', 'ben', 'cy', 'di'].map((caller, i) => as(caller, () => ask(`/${i}`)));
}

const pathsAndCallers = () => ledger.entries.map((entry) => [entry.path, callerIn(entry)]);

const FOUR = [
  ['/0', 'ada'],
  ['/1', 'ben'],
  ['/2', 'cy'],
  ['/3', 'di'],
];

/** Dispatchers that have one connection for all. */
const FULL: [string, (flavour: UndiciFlavour, origin: string) => Dispatcher][] = [
  ['a Pool of one', ({ Pool }, origin) => new Pool(origin, { connections: 1 })],
  [
    'an Agent of Pools of one',
    ({ Agent, Pool }) => new Agent({ factory: (origin) => new Pool(origin, { connections: 1 }) }),
  ],
];

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  const { Pool } = flavour;

  describe.each(FULL)('%s that has no connection free', (_name, make) => {
    it.each(UNDICI_APIS)('begins each request of $name where it was called', async ({ ask }) => {
      const { origin, arrived, release } = await heldServer();
      const dispatcher = closing(make(flavour, origin));
      const answers = askFour((path) => ask(flavour, dispatcher, origin + path));
      await arrived;
      // Nobody has been answered: three of them wait.
      expect(pathsAndCallers()).toEqual(FOUR);
      const timer = setInterval(release, 1);
      await Promise.all(answers);
      clearInterval(timer);
      await ledger.settled();
      expect(pathsAndCallers()).toEqual(FOUR);
      expect(
        ledger.entries.flatMap(({ facts }) => facts.filter(({ name }) => name === 'ended')),
      ).toHaveLength(4);
    });
  });

  it('runs getConn in the very call, though another request has the connection', async () => {
    const { origin, arrived, release } = await heldServer();
    const pool = closing(new Pool(origin, { connections: 1 }));
    const first = pool.request({ path: '/first', method: 'GET' });
    await arrived;
    const recorder = new EventRecorder();
    const second = recorder.run(() => pool.request({ path: '/second', method: 'GET', query: { a: 'b c' } }));
    expect(recorder.hooks).toEqual(['getConn']);
    const timer = setInterval(release, 1);
    await Promise.all([first, second].map(async (answer) => (await answer).body.text()));
    clearInterval(timer);
    await ledger.settled();
    expect(ledger.entries.map(({ path }) => path)).toEqual(['/first', '/second?a=b%20c']);
    expect(recorder.hooks.slice(0, 4)).toEqual(['getConn', 'gotConn', 'wroteHeaders', 'wroteRequest']);
    expect(recorder.gotConn).toMatchObject({ reused: true, wasIdle: false });
  });

  it('ends what waits when the Pool is destroyed under it', async () => {
    const { origin, arrived } = await heldServer();
    const pool = new Pool(origin, { connections: 1 });
    const first = traced(
      async () => ({ ...(await pool.request({ path: '/first', method: 'GET' })) }) as never,
    );
    await arrived;
    const recorder = new EventRecorder();
    const second = traced(
      async () => ({ ...(await pool.request({ path: '/second', method: 'GET' })) }) as never,
      recorder,
    );
    await pool.destroy();
    const { error } = await second;
    await first;
    expect(recorder.hooks).toEqual(['getConn']);
    expect(ledger.of('/second').facts.map(({ name, args }) => [name, ...args])).toEqual([
      ['getConn', new URL(origin).host],
      ['failed', error],
    ]);
  });

  it('takes off what it laid over the handler of a call when it waits no longer', async () => {
    const { origin, arrived, release } = await heldServer();
    const pool = closing(new Pool(origin, { connections: 1 }));
    const over = deferred();
    const handler = {
      onConnect: () => undefined,
      onHeaders: () => true,
      onData: () => true,
      onComplete: () => over.resolve(),
      onError: () => over.resolve(),
      ...(flavour.major === 6
        ? {}
        : {
            onRequestStart: () => undefined,
            onResponseStart: () => undefined,
            onResponseData: () => undefined,
            onResponseEnd: () => over.resolve(),
            onResponseError: () => over.resolve(),
          }),
    };
    const before = Object.getOwnPropertyDescriptors(handler);
    const first = pool.request({ path: '/first', method: 'GET' });
    await arrived;
    pool.dispatch({ path: '/second', method: 'GET' }, handler as Dispatcher.DispatchHandler);
    const timer = setInterval(release, 1);
    await (await first).body.text();
    await over.promise;
    clearInterval(timer);
    await ledger.settled();
    expect(ledger.entries.map(({ path }) => path)).toEqual(['/first', '/second']);
    expect(Object.getOwnPropertyDescriptors(handler)).toEqual(before);
  });

  it('makes nothing of a call that fails at once', async () => {
    const { origin } = await httpServer();
    const pool = new Pool(origin, { connections: 1 });
    await pool.close();
    const { error } = await traced(async () => (await pool.request({ path: '/', method: 'GET' })) as never);
    expect(error).toMatchObject({ code: expect.stringMatching(/UND_ERR_(?:CLOSED|DESTROYED)/) });
    expect(ledger.entries).toEqual([]);
  });

  it('begins each of several that find out together what a new origin speaks where it was called', async () => {
    const { origin } = await httpsServer();
    const agent = closing(new flavour.Agent({ connect: { ca: CA } }));
    await Promise.all(
      askFour(async (path) => {
        const response = await flavour.fetch(origin + path, { dispatcher: agent });
        return (await response.text()) as never;
      }),
    );
    await ledger.settled();
    expect(pathsAndCallers().sort()).toEqual(FOUR);
  });

  it('leaves dispatch as it was when nobody records any more, and what others lay over it alone', () => {
    const prototype = dispatcherBase(flavour);
    const theirs = prototype.dispatch;
    onTestFinished(() => {
      prototype.dispatch = theirs;
    });
    let calls = 0;
    prototype.dispatch = function dispatch(...args) {
      calls++;
      return theirs.apply(this, args);
    };
    const instrumentation = new HttpTraceInstrumentation();
    instrumentation.disable();
    const client = new flavour.Client('http://127.0.0.1:9');
    client.dispatch(
      { path: '/', method: 'GET' },
      handlerOf(flavour, { ended: () => undefined, failed: () => undefined }),
    );
    expect(calls).toBe(1);
    return client.destroy();
  });
});

function dispatcherBase({ Client }: UndiciFlavour): Dispatcher {
  return Object.getPrototypeOf(Client.prototype);
}
