import { setTimeout } from 'node:timers/promises';
import { context, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import type * as undici from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientTrace } from '../../../src/httptrace/client-trace.js';
import { CLIENT_TRACE_HOOKS } from '../../../src/httptrace/compose.js';
import { withClientTrace } from '../../../src/httptrace.js';
import { INSTALLED_UNDICI, type InstalledUndici } from '../../support/clients/installed-undici.js';
import { askFetch, askRequest } from '../../support/clients/undici-apis.js';
import { deferred } from '../../support/deferred.js';
import { CA } from '../../support/servers/certificates.js';
import { tunnelProxy } from '../../support/servers/proxy-server.js';
import { socks5Proxy } from '../../support/servers/socks5.js';
import { type Answer, httpServer, httpsServer } from '../../support/servers/truthful-server.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** How long the only connection is taken by somebody else. */
const HELD_MS = 40;

const connect = { ca: CA };

/** A server that holds its answers back until it is told to give them. */
async function heldServer(serve: typeof httpServer) {
  const seen = new Map<string, string>();
  const held: (() => unknown)[] = [];
  const arrived = deferred();
  let isHolding = true;
  const answer: Answer = (req, res) => {
    seen.set(String(req.url), String(req.headers.traceparent));
    if (isHolding) {
      held.push(() => res.end('ok'));
      arrived.resolve();
    } else {
      res.end('ok');
    }
  };
  const { origin } = await serve(answer);
  const release = () => {
    isHolding = false;
    for (const give of held) {
      give();
    }
  };
  return { origin, seen, arrived: arrived.promise, release };
}

/** One call, as a caller of its own. */
class Call {
  readonly path: string;
  readonly caller: SpanContext;
  readonly hooks: string[] = [];
  /** In which span each hook ran. */
  readonly contexts = new Set<string | undefined>();
  readonly giveUp = new AbortController();
  readonly calledAt = performance.now();
  readonly done: Promise<unknown>;

  constructor(path: string, ask: (path: string, signal: AbortSignal) => Promise<unknown>) {
    this.path = path;
    const span = telemetry.tracerProvider.getTracer('program').startSpan(path, { root: true });
    this.caller = span.spanContext();
    const ctx = withClientTrace(trace.setSpan(ROOT_CONTEXT, span), this.noting());
    this.done = context
      .with(ctx, () => ask(path, this.giveUp.signal))
      .then(
        () => 'answered',
        (error: Error) => error.name,
      )
      .finally(() => span.end());
  }

  private noting(): ClientTrace {
    const note = (name: string) => () => {
      this.hooks.push(name);
      this.contexts.add(trace.getActiveSpan()?.spanContext().spanId);
    };
    return Object.fromEntries(CLIENT_TRACE_HOOKS.map((name) => [name, note(name)]));
  }
}

interface Queue {
  readonly name: string;
  readonly serve?: typeof httpServer;
  readonly isThere?: (installed: typeof undici) => boolean;
  /** Gives each request of this origin one connection, the same for all. */
  make(installed: typeof undici, origin: string): Promise<Dispatcher> | Dispatcher;
  /** It is not given to each call. */
  readonly isGlobal?: true;
}

const ONE = { connections: 1 };

const QUEUES: readonly Queue[] = [
  { name: 'a BalancedPool', make: ({ BalancedPool }, origin) => new BalancedPool([origin], ONE) },
  {
    name: 'a RoundRobinPool',
    isThere: (installed) => 'RoundRobinPool' in installed,
    make: ({ RoundRobinPool }, origin) => new RoundRobinPool(origin, ONE),
  },
  {
    name: 'a ProxyAgent',
    serve: httpsServer,
    async make({ ProxyAgent }) {
      const { port } = await tunnelProxy();
      return new ProxyAgent({
        ...{ ...ONE, allowH2: false },
        ...{ uri: `http://127.0.0.1:${port}`, requestTls: connect },
      });
    },
  },
  {
    name: 'a Socks5ProxyAgent',
    isThere: (installed) => 'Socks5ProxyAgent' in installed,
    async make({ Socks5ProxyAgent }) {
      const { port } = await socks5Proxy();
      // It takes the size of its pools from what each call is given.
      return new Socks5ProxyAgent(`socks5://127.0.0.1:${port}`).compose(
        (dispatch) => (options, handler) => dispatch({ ...options, ...ONE }, handler),
      );
    },
  },
  {
    name: 'a RetryAgent',
    make: ({ RetryAgent, Pool }, origin) => new RetryAgent(new Pool(origin, ONE), { maxRetries: 1 }),
  },
  {
    name: 'the global dispatcher',
    isGlobal: true,
    make({ Pool, getGlobalDispatcher, setGlobalDispatcher }, origin) {
      const before = getGlobalDispatcher();
      onTestFinished(() => setGlobalDispatcher(before));
      const pool = new Pool(origin, ONE);
      setGlobalDispatcher(pool);
      return pool;
    },
  },
];

const APIS = ['fetch', 'request'] as const;

type Api = (typeof APIS)[number];

function askBy(
  api: Api,
  flavour: InstalledUndici,
  dispatcher: Dispatcher,
  origin: string,
  { isGlobal }: Queue,
): ConstructorParameters<typeof Call>[1] {
  const { installed } = flavour;
  if (isGlobal) {
    return api === 'fetch'
      ? async (path, signal) => (await installed.fetch(origin + path, { signal })).text()
      : async (path, signal) => (await installed.request(origin + path, { signal })).body.text();
  }
  return api === 'fetch'
    ? (path, signal) => askFetch(flavour, dispatcher, origin + path, { signal })
    : (path, signal) => askRequest(dispatcher, origin + path, { signal });
}

describe.each(INSTALLED_UNDICI)('$name', (flavour) => {
  const queues = QUEUES.filter(({ isThere }) => isThere?.(flavour.installed) ?? true);

  describe.each(queues)('$name that has no connection free', (queue) => {
    it.each(APIS)('leaves each call by %s to its caller', async (api) => {
      telemetry.instrument();
      const { origin, seen, arrived, release } = await heldServer(queue.serve ?? httpServer);
      const dispatcher = await queue.make(flavour.installed, origin);
      onTestFinished(() => dispatcher.destroy());
      const ask = askBy(api, flavour, dispatcher, origin, queue);
      const first = new Call('/first', ask);
      await arrived;
      const [waits, givesUp] = [new Call('/waits', ask), new Call('/gives-up', ask)];
      await setTimeout(HELD_MS);
      const waiting = [waits, givesUp].map(({ hooks }) => [...hooks]);
      givesUp.giveUp.abort();
      release();
      expect(await Promise.all([first, waits, givesUp].map(({ done }) => done))).toEqual([
        ...['answered', 'answered', 'AbortError'],
      ]);
      const spans = await telemetry.finished();

      expect(waiting).toEqual([['getConn'], ['getConn']]);
      expect([...seen.keys()]).toEqual(['/first', '/waits']);
      for (const { path, caller, contexts } of [first, waits, givesUp]) {
        const [span, ...more] = spans.filter(({ attributes }) =>
          String(attributes['url.full']).endsWith(path),
        );
        const id = span?.spanContext().spanId;
        expect([path, more, span?.parentSpanContext?.spanId]).toEqual([path, [], caller.spanId]);
        expect([path, ...contexts]).toEqual([path, id]);
        expect(seen.get(path) ?? `${caller.traceId}-${id}`).toContain(`${caller.traceId}-${id}`);
      }
      expect(givesUp.hooks).toEqual(['getConn']);
      const waited = spans.find(({ attributes }) => String(attributes['url.full']).endsWith('/waits'));
      expect(waited?.attributes['httptrace.getconn.duration']).toBeGreaterThan((HELD_MS - 2) / 1000);
    });
  });
});
