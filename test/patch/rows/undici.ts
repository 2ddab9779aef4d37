import * as diagnosticsChannel from 'node:diagnostics_channel';
import * as http from 'node:http';
import * as net from 'node:net';
import type { buildConnector, Dispatcher } from 'undici';
import { UNDICI_FLAVOURS, type UndiciFlavour } from '../../support/clients/undici-flavours.js';
import type { Look, PatchedMethod, PatchedRow } from '../../support/peers/looked-at.js';
import { CA } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { http2Server, httpServer } from '../../support/servers/truthful-server.js';

/** The handler of a call, in the shape that this undici has called handlers in first. */
type Handler = Dispatcher.DispatchHandler;

interface Told {
  readonly at: (stage: string) => void;
  readonly ended: () => void;
  readonly failed: (error: Error) => void;
}

/** undici 7 takes both shapes, and 8 the newer one alone. */
function handlerOf({ major }: UndiciFlavour, { at, ended, failed }: Told): Handler {
  const end = (stage: string): void => {
    at(stage);
    ended();
  };
  const upgraded = (socket: { destroy(): void }): void => {
    socket.destroy();
    end('upgraded');
  };
  const onResponseStarted = (): void => at('first byte');
  return major < 7
    ? {
        onResponseStarted,
        onConnect: () => at('started'),
        onHeaders: () => at('answered') === undefined,
        onData: () => at('body') === undefined,
        onComplete: () => end('over'),
        onUpgrade: (_status, _headers, socket) => upgraded(socket),
        onError: failed,
      }
    : {
        ...({ onResponseStarted } as object),
        onRequestStart: () => at('started'),
        onResponseStart: () => at('answered'),
        onResponseData: () => at('body'),
        onResponseEnd: () => end('over'),
        onRequestUpgrade: (_controller, _status, _headers, socket) => upgraded(socket),
        onResponseError: (_controller, error) => failed(error),
      };
}

/** Calls `dispatch` itself, and looks at what is in the program's hands until the response has ended. */
function lookAt(
  look: Look,
  flavour: UndiciFlavour,
  dispatcher: Dispatcher,
  name: string,
  options: Partial<Dispatcher.DispatchOptions> = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const handler = handlerOf(flavour, {
      at: (stage) => look.at(`${name}: ${stage}`, { dispatcher, handler }),
      ended: resolve,
      failed: reject,
    });
    dispatcher.dispatch({ path: '/', method: 'GET', ...options }, handler);
    look.at(`${name}: called`, { dispatcher, handler });
  });
}

/** Dials, and calls `dials` while it is called. */
function connectorOf(dials: () => void): buildConnector.connector {
  return ({ hostname, port }, done) => {
    dials();
    const socket = net.connect(Number(port), hostname);
    socket.on('connect', () => done(null, socket)).on('error', (error) => done(error, null));
  };
}

/** What undici keeps on an object of its own. */
function fieldOf(object: object, description: string): object {
  const key = Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
  return key === undefined ? {} : Reflect.get(object, key);
}

/** The prototype of what a client makes of a call. */
function requestPrototype({ Client }: UndiciFlavour): object {
  let prototype: object = {};
  const created = (message: unknown): void => {
    prototype = Object.getPrototypeOf((message as { request: object }).request);
  };
  diagnosticsChannel.subscribe('undici:request:create', created);
  const client = new Client('http://localhost', { connect: () => undefined });
  client.request({ path: '/', method: 'GET' }).catch(() => undefined);
  diagnosticsChannel.unsubscribe('undici:request:create', created);
  void client.destroy();
  return prototype;
}

function methodsOf(flavour: UndiciFlavour, names: readonly string[]): PatchedMethod[] {
  return names.map((name) => [requestPrototype(flavour), name]);
}

/** Calls back with each message of these channels while something runs. */
async function listening(
  names: readonly string[],
  seen: (name: string, message: Record<string, object>) => void,
  run: () => Promise<void>,
): Promise<void> {
  const stops = names.map((name) => {
    const listener = (message: unknown): void => seen(name, message as Record<string, object>);
    diagnosticsChannel.subscribe(name, listener);
    return () => diagnosticsChannel.unsubscribe(name, listener);
  });
  await run();
  for (const stop of stops) {
    stop();
  }
}

/** Looks at what a client makes of calls, at each stage of it. */
function lookingAtRequests(look: Look, run: () => Promise<void>): Promise<void> {
  const channels = ['undici:request:create', 'undici:client:sendHeaders', 'undici:request:headers'];
  return listening(channels, (name, { request = {} }) => look.at(name, { request }), run);
}

/** What all dispatchers share, and what some of them ask their pools by. */
function entrances({ Client, Pool, installed }: UndiciFlavour): Pick<PatchedRow, 'methods' | 'lazily'> {
  const dispatch: PatchedMethod = [Object.getPrototypeOf(Client.prototype), 'dispatch'];
  if (installed === undefined) {
    // Another undici may have hidden the one inside Node, which shows with its first connection then.
    return { methods: [], lazily: [dispatch] };
  }
  const pools: object = Object.getPrototypeOf(Pool.prototype);
  const own = Object.getOwnPropertySymbols(pools).filter(({ description }) => description === 'dispatch');
  return { methods: [dispatch, ...own.map((name): PatchedMethod => [pools, name])] };
}

export const UNDICI_ROWS: readonly PatchedRow[] = UNDICI_FLAVOURS.flatMap((flavour): PatchedRow[] => [
  {
    name: `dispatchers of ${flavour.name} and the handlers of calls`,
    ...entrances(flavour),
    async run(look) {
      const { origin } = await httpServer((_req, res) => res.end('hello'));
      // A client dials while it is called.
      const connect = connectorOf(() => look.at('dials', { client }));
      const client = new flavour.Client(origin, { connect });
      await lookAt(look, flavour, client, 'first');
      await lookAt(look, flavour, client, 'reused');
      await client.close();
      // The second waits for the connection of the first.
      const pool = new flavour.Pool(origin, { connections: 1 });
      await Promise.all([
        lookAt(look, flavour, pool, 'pooled'),
        lookAt(look, flavour, pool, 'waiting', { origin }),
      ]);
      await pool.close();
    },
  },
  {
    name: `requests of ${flavour.name}`,
    methods: [],
    lazily: methodsOf(flavour, [
      'addHeader',
      'onResponseStarted',
      flavour.major < 8 ? 'onUpgrade' : 'onRequestUpgrade',
      ...(flavour.major < 7 ? ['onData'] : []),
    ]),
    // Newer releases publish what is received.
    briefly: methodsOf(flavour, flavour.major === 7 ? ['onData'] : []),
    calledByUs: ['addHeader'],
    async run(look) {
      const port = await listen(
        http
          .createServer((_req, res) => res.end('hello'))
          .on('upgrade', (_request, socket) => {
            socket.on('error', () => undefined);
            socket.write('HTTP/1.1 101 Now\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n');
          }),
      );
      const client = new flavour.Client(`http://127.0.0.1:${port}`);
      await lookingAtRequests(look, async () => {
        await lookAt(look, flavour, client, 'answered');
        await lookAt(look, flavour, client, 'upgraded', { upgrade: 'chat' });
      });
      await client.close();
    },
  },
  {
    name: `sessions of HTTP/2 of ${flavour.name}`,
    methods: [],
    overObjects: ['request'],
    async run(look) {
      const { origin } = await http2Server();
      const client = new flavour.Client(origin, { allowH2: true, connect: { ca: CA } });
      await listening(
        ['undici:client:connected', 'undici:client:sendHeaders'],
        (name, { socket = {} }) => look.at(name, { session: fieldOf(socket, 'http2Session') }),
        () => lookAt(look, flavour, client, 'sent'),
      );
      await client.close();
    },
  },
  ...retried(flavour),
]);

/** Requests of an interceptor: the undici inside Node has none. */
function retried(flavour: UndiciFlavour): PatchedRow[] {
  const { installed } = flavour;
  if (installed === undefined) {
    return [];
  }
  return [
    {
      name: `requests of an interceptor of ${flavour.name}`,
      methods: [],
      overObjects: [
        ...['onHeaders', 'onComplete', 'onError'],
        ...['onResponseStart', 'onResponseEnd', 'onResponseError'],
      ],
      async run(look) {
        const { origin } = await httpServer();
        const client = new flavour.Client(origin);
        const composed = client.compose(installed.interceptors.retry());
        await lookingAtRequests(look, () => lookAt(look, flavour, composed, 'retried', { origin }));
        await client.close();
      },
    },
  ];
}
