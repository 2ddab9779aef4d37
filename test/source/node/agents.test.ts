import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { keptAlive, tracedNode } from '../../support/clients/node-clients.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { useContextManager } from '../../support/context-manager.js';
import { deferred } from '../../support/deferred.js';
import { codeOf } from '../../support/event-recorder.js';
import { CA } from '../../support/servers/certificates.js';
import { refusedPort } from '../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const DIAL = ['connectStart', 'connectDone'];
const HANDSHAKE = ['tlsHandshakeStart', 'tlsHandshakeDone'];
const SENT_AND_ANSWERED = ['wroteHeaders', 'wroteRequest', 'gotFirstResponseByte'];

type Options = http.ClientRequestArgs & { secureEndpoint?: boolean };

/** Finds out who asks, as agent-base 5 to 8 do: by the ten innermost frames. */
function isAskedByHttps(): boolean {
  const { stack = '' } = new Error('who asks?');
  return stack.split('\n').some((line) => line.includes('(https.js:') || line.includes('node:https:'));
}

function connectTo(options: Options, secure: boolean): net.Socket {
  const to = { host: '127.0.0.1', port: Number(options.port) };
  return secure ? tls.connect({ ...to, ca: CA, servername: 'localhost' }) : net.connect(to);
}

/** As agent-base 7: dials when it has returned, and asks Node's agent for the rest. */
class LateAgent extends http.Agent {
  private readonly ready: Promise<unknown>;
  private current: net.Socket | undefined;

  constructor(ready: Promise<unknown> = Promise.resolve()) {
    super();
    this.ready = ready;
    Object.defineProperty(this, 'protocol', { get: () => (isAskedByHttps() ? 'https:' : 'http:') });
  }

  createSocket(request: http.ClientRequest, options: Options, done: (error?: Error) => void): void {
    const secure = isAskedByHttps();
    this.ready
      .then(() => connectTo(options, secure))
      .then((socket) => {
        this.current = socket;
        const { createSocket } = http.Agent.prototype as http.Agent & Pick<LateAgent, 'createSocket'>;
        Reflect.apply(createSocket, this, [request, options, done]);
      }, done);
  }

  override createConnection(): net.Socket {
    const { current } = this;
    this.current = undefined;
    return current as net.Socket;
  }
}

/** As agent-base 5 and 6: no agent of Node's at all. */
class ForeignAgent extends EventEmitter {
  addRequest(request: http.ClientRequest, options: Options): void {
    const secure = isAskedByHttps();
    Promise.resolve()
      .then(() => connectTo(options, secure))
      .then(
        (socket) => {
          socket.once('error', (error) => request.emit('error', error));
          socket.once(secure ? 'secureConnect' : 'connect', () => request.onSocket(socket));
        },
        (error) => request.emit('error', error),
      );
  }

  get protocol(): string {
    return isAskedByHttps() ? 'https:' : 'http:';
  }

  destroy(): void {
    this.removeAllListeners();
  }
}

const AGENTS: readonly (readonly [name: string, make: () => http.Agent])[] = [
  ['dials later', () => new LateAgent()],
  ['takes requests itself', () => new ForeignAgent() as EventEmitter as http.Agent],
];

describe.each(AGENTS)('an agent that %s', (_name, make) => {
  it.each([
    ['http', httpServer, DIAL],
    ['https', httpsServer, [...DIAL, ...HANDSHAKE]],
  ] as const)(
    'sees that it is asked by %s, and its dial is that of the request',
    async (scheme, serverOf, dial) => {
      const { port } = await serverOf();
      const url = `${scheme}://localhost:${port}/${scheme}`;
      const all = await Promise.all([1, 2].map(() => tracedNode(url, { agent: keptAlive(make()) })));
      for (const { recorder, answered, error } of all) {
        expect(error).toBe(undefined);
        expect(answered?.status).toBe(200);
        expect(recorder.hooks.slice(0, -1)).toEqual(
          ['getConn', ...dial, 'gotConn', ...SENT_AND_ANSWERED].slice(0, recorder.hooks.length - 1),
        );
        expect(recorder.only('connectStart')).toEqual(['tcp', `127.0.0.1:${port}`]);
      }
    },
  );

  it('tells of a dial that fails', async () => {
    const port = await refusedPort();
    const { recorder, error } = await tracedNode(`http://localhost:${port}/`, { agent: keptAlive(make()) });
    expect(codeOf(error)).toBe('ECONNREFUSED');
    expect(recorder.hooks).toEqual(['getConn', ...DIAL]);
    expect(codeOf(recorder.only('connectDone')[2])).toBe('ECONNREFUSED');
  });
});

/** How many stores Node hands on to whatever is begun now; from Node 24 on that costs nothing, and does not show. */
function storesHandedOn(): number {
  return Object.getOwnPropertySymbols(new AsyncResource('probe')).filter(
    ({ description }) => description === 'kResourceStore',
  ).length;
}

/** Of ours, while a dial may come later. */
const FOLLOWED = Number(process.versions.node.split('.')[0]) < 24 ? 1 : 0;

describe('the context of agents that dial later', () => {
  it.each([1, 2])('is followed until the last of their requests has its connection, round %i', async () => {
    const { origin, port } = await httpServer();
    const [first, second] = [deferred(), deferred()];
    const before = storesHandedOn();

    const one = tracedNode(`${origin}/1`, { agent: keptAlive(new LateAgent(first.promise)) });
    const two = tracedNode(`${origin}/2`, { agent: keptAlive(new LateAgent(second.promise)) });
    expect(storesHandedOn() - before).toBe(FOLLOWED);
    first.resolve();
    const all = [await one];
    expect(storesHandedOn() - before).toBe(FOLLOWED);
    second.resolve();
    all.push(await two);

    expect(storesHandedOn()).toBe(before);
    for (const { recorder } of all) {
      expect(recorder.hooks.slice(0, 4)).toEqual(['getConn', ...DIAL, 'gotConn']);
      expect(recorder.only('connectDone')).toEqual(['tcp', `127.0.0.1:${port}`]);
    }
  });

  it('is left at once when the agent has a connection at hand', async () => {
    const { origin } = await httpServer();
    const agent = keptAlive(Object.assign(new LateAgent(), { keepAlive: true }));
    await tracedNode(origin, { agent });
    const before = storesHandedOn();
    const { recorder } = await tracedNode(origin, { agent });
    expect(recorder.hooks).not.toContain('connectStart');
    expect(recorder.gotConn).toMatchObject({ reused: true, wasIdle: true });
    expect(storesHandedOn()).toBe(before);
  });
});

describe('an agent that takes requests itself', () => {
  it('is what it was, frozen or not', async () => {
    const { origin, port } = await httpServer();
    const own = {
      addRequest: (request: http.ClientRequest) => request.onSocket(net.connect(port, '127.0.0.1')),
      destroy: () => undefined,
    };
    const before = Object.getOwnPropertyDescriptors(own);
    const asked = await tracedNode(origin, { agent: own as unknown as http.Agent });
    expect(asked.recorder.hooks).toEqual(['getConn', ...DIAL, 'gotConn', ...SENT_AND_ANSWERED]);
    expect(Object.getOwnPropertyDescriptors(own)).toEqual(before);

    const frozen = await tracedNode(`${origin}/frozen`, {
      agent: Object.freeze(own) as unknown as http.Agent,
    });
    expect(frozen.answered?.status).toBe(200);
    expect(frozen.recorder.hooks).toContain('gotConn');
  });
});

describe('while something else stands in the place of http.ClientRequest', () => {
  const { ClientRequest } = http;

  afterEach(() => {
    vi.restoreAllMocks();
    Object.assign(require('node:http'), { ClientRequest });
  });

  function wrapper(...args: ConstructorParameters<typeof ClientRequest>): http.ClientRequest {
    return new ClientRequest(...args);
  }

  it.each([
    [
      'a wrapper that inherits',
      Object.assign(wrapper, { prototype: Object.create(ClientRequest.prototype) }),
    ],
    ['an arrow function', () => undefined],
    ['a proxy', new Proxy(ClientRequest, {})],
  ])('as %s, a request is one', async (name, replacement) => {
    const { origin } = await httpServer();
    Object.assign(require('node:http'), { ClientRequest: replacement });
    const { recorder } = await tracedNode(`${origin}/${name.replaceAll(' ', '-')}`, { agent: false });
    expect(recorder.hooks).toEqual(['getConn', ...DIAL, 'gotConn', ...SENT_AND_ANSWERED]);
    await ledger.settled();
    expect(ledger.entries).toHaveLength(1);
  });
});

it('an agent that dials for a request out of its queue names that request', async () => {
  const { origin } = await httpServer((_request, response) =>
    response.setHeader('connection', 'close').end(),
  );
  const agent = keptAlive(new https.Agent({ maxSockets: 1 }));
  Object.assign(agent, { createConnection: net.connect, protocol: 'http:' });
  const all = await Promise.all([1, 2, 3].map((n) => tracedNode(`${origin}/${n}`, { agent })));
  expect(all.map(({ recorder }) => recorder.count('connectDone'))).toEqual([1, 1, 1]);
});
