import { setImmediate } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { describe, expect, it, vi } from 'vitest';
import type { ClientTraceHook } from '../../../src/httptrace/client-trace.js';
import { Random } from '../../emit/http/random.js';
import { type LedgerEntry, useRequestLedger } from '../../support/clients/request-ledger.js';
import { type Asking, askFetch, askRequest } from '../../support/clients/undici-apis.js';
import { UNDICI_FLAVOURS, type UndiciFlavour } from '../../support/clients/undici-flavours.js';
import { closing, seenByServer, type Traced, told, traced } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { type ConnAtHand, EventRecorder } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import {
  type Answer,
  httpServer,
  httpsServer,
  type TruthfulServer,
} from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const connect = { ca: CA };

/** What a server may do with a request, by the last part of its path. */
const BEHAVIOURS: Record<string, Answer> = {
  ok: (_req, res) => res.end('ok'),
  large: (_req, res) => res.end(Buffer.alloc(100_000)),
  chunked: (_req, res) => {
    res.write('one');
    setTimeout(() => res.end('two'), 1);
  },
  slow: (_req, res) => setTimeout(() => res.end('ok'), 3),
  hints: (_req, res) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload' });
    res.end('ok');
  },
  close: (_req, res) => res.setHeader('connection', 'close').end('ok'),
  reset: (req) => req.socket.destroy(),
  truncated: (req, res) => {
    res.writeHead(200, { 'content-length': 10 }).write('part');
    setTimeout(() => req.socket.destroy(), 1);
  },
};

const BEHAVIOUR_NAMES = Object.keys(BEHAVIOURS) as [string, ...string[]];

const ASKINGS: [Asking, ...Asking[]] = [{}, { method: 'HEAD' }, { method: 'POST', body: 'text' }];

/** A caller may give up right after any of these. */
const ABORTED_AFTER: [ClientTraceHook, ...ClientTraceHook[]] = [
  ...(['connectStart', 'connectDone', 'gotConn', 'wroteRequest'] as const),
  ...(['gotFirstResponseByte', 'putIdleConn'] as const),
];

const DISPATCHERS: [string, (flavour: UndiciFlavour, origin: string) => Dispatcher][] = [
  ['an Agent', ({ Agent }) => new Agent({ connect })],
  ['a Pool of three', ({ Pool }, origin) => new Pool(origin, { connect, connections: 3 })],
  [
    'a Pool that pipelines',
    ({ Pool }, origin) => new Pool(origin, { connect, connections: 2, pipelining: 3 }),
  ],
  ['a Client', ({ Client }, origin) => new Client(origin, { connect })],
  ['a Client that pipelines', ({ Client }, origin) => new Client(origin, { connect, pipelining: 4 })],
];

interface Load {
  readonly path: string;
  readonly result: Traced;
}

describe.each(UNDICI_FLAVOURS)('$name', (flavour) => {
  /** Forty requests of all kinds, many at once. */
  async function randomLoad(
    make: (flavour: UndiciFlavour, origin: string) => Dispatcher,
    random: Random,
    callersGiveUp: boolean,
  ): Promise<{ loads: Load[]; server: TruthfulServer }> {
    const server = await random.pick([httpServer, httpsServer])((req, res) => {
      const behaviour = BEHAVIOURS[req.url?.split('/').at(-1) ?? ''];
      req.resume().on('end', () => behaviour?.(req, res));
    });
    const dispatcher = closing(make(flavour, server.origin));
    const loads: Promise<Load>[] = [];
    for (let i = 0; i < 40; i++) {
      const path = `/${i}/${random.pick(BEHAVIOUR_NAMES)}`;
      loads.push(load(dispatcher, server.origin, path, random, callersGiveUp && random.below(4) === 0));
      if (random.below(4) === 0) {
        await setImmediate();
      }
    }
    const done = await Promise.all(loads);
    await ledger.settled();
    return { loads: done, server };
  }

  async function load(
    dispatcher: Dispatcher,
    origin: string,
    path: string,
    random: Random,
    givesUp: boolean,
  ): Promise<Load> {
    const caller = new AbortController();
    const recorder = new EventRecorder();
    if (givesUp) {
      recorder.on(random.pick(ABORTED_AFTER), () => queueMicrotask(() => caller.abort()));
    }
    const asking = { ...random.pick(ASKINGS), signal: caller.signal };
    const url = origin + path;
    const byFetch = random.below(2) === 0;
    const ask = () =>
      byFetch
        ? askFetch(flavour, dispatcher, url, asking)
        : askRequest(dispatcher, url, { ...asking, blocking: false });
    return { path, result: await traced(ask, recorder) };
  }

  async function expectTruth(loads: readonly Load[]): Promise<void> {
    const answered = loads.filter(({ result }) => result.answered !== undefined);
    expect(answered.length).toBeGreaterThan(10);
    expect(answered.map(({ path }) => told(lastConnection(ledger.of(path))))).toEqual(
      answered.map(({ result }) => seenByServer(result)),
    );
    // The dial of a request that is given up goes on.
    await vi.waitFor(() => expect(ledger.count('connectDone')).toBe(ledger.count('connectStart')));
  }

  it.each(DISPATCHERS)('tells the truth of a random load on %s', async (_name, make) => {
    const { loads, server } = await randomLoad(make, new Random(flavour.major), false);
    await expectTruth(loads);
    expect(ledger.count('connectDone')).toBe(server.connections.length);
  });

  it.each(DISPATCHERS)('tells the truth of a load on %s whose callers give up', async (_name, make) => {
    const { loads, server } = await randomLoad(make, new Random(flavour.major + 1), true);
    await expectTruth(loads);
    // undici also dials for requests that have been given up: such a dial is nobody's.
    expect(ledger.count('connectDone')).toBeLessThanOrEqual(server.connections.length);
  });
});

function lastConnection({ facts }: LedgerEntry): ConnAtHand {
  return facts.filter(({ name }) => name === 'gotConn').at(-1)?.args[0] as ConnAtHand;
}
