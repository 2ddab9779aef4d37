import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import { setImmediate } from 'node:timers/promises';
import * as tls from 'node:tls';
import { isAtLeast } from '../../support/clients/undici-flavours.js';
import type { Look, PatchedRow } from '../../support/peers/looked-at.js';
import { CA } from '../../support/servers/certificates.js';
import { connectProxy } from '../../support/servers/connect-proxy.js';
import { listen } from '../../support/servers/listen.js';
import { httpServer, httpsServer } from '../../support/servers/truthful-server.js';

const AGENT: PatchedRow['methods'] = [
  [http.Agent.prototype, 'addRequest'],
  [http.Agent.prototype, 'createSocket'],
];

const REQUEST: PatchedRow['methods'] = ['getHeader', '_storeHeader', 'onSocket', '_send', 'emit'].map(
  (method) => [http.ClientRequest.prototype, method] as const,
);

const MESSAGE: PatchedRow['methods'] = ['emit', 'push'].map(
  (method) => [http.IncomingMessage.prototype, method] as const,
);

const { node } = process.versions;

/** Newer releases of Node publish what dials in plain. */
const PUBLISHES_SOCKETS = isAtLeast(node, 24, 3) || (node.startsWith('22.') && isAtLeast(node, 22, 20));

const DIALS: PatchedRow['methods'] = [
  [PUBLISHES_SOCKETS ? tls.TLSSocket.prototype : net.Socket.prototype, 'connect'],
];

/** Looks at a request from its beginning until its agent has its connection back. */
async function lookAt(look: Look, request: http.ClientRequest, name: string): Promise<void> {
  look.at(`${name}: made`, { request });
  request.on('socket', (socket) =>
    socket.connecting || Reflect.get(socket, 'secureConnecting') === true
      ? look.at(`${name}: dialling`, { request }, { socket })
      : look.at(`${name}: socket`, { request, socket }),
  );
  request.end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const { socket } = response;
  look.at(`${name}: answered`, { request, response, socket });
  response.on('data', () => look.at(`${name}: body`, { request, response, socket }));
  await once(response, 'end');
  look.at(`${name}: read`, { request, response, socket });
  await setImmediate();
  look.at(`${name}: over`, { request, response, socket });
}

async function lookAtHandOver(
  look: Look,
  request: http.ClientRequest,
  event: 'upgrade' | 'connect',
): Promise<void> {
  request.end();
  const [response, socket] = (await once(request, event)) as [http.IncomingMessage, net.Socket];
  look.at(`${event}: handed over`, { request, response, socket });
  await setImmediate();
  look.at(`${event}: the program's`, { request, response, socket });
  socket.destroy();
  await once(socket, 'close');
}

export const NODE_CLIENT_ROWS: readonly PatchedRow[] = [
  {
    name: 'requests of node:http, on a new and on a kept connection',
    methods: [...AGENT, ...REQUEST, ...MESSAGE],
    calledByUs: ['getHeader'],
    async run(look) {
      const { port } = await httpServer();
      const agent = new http.Agent({ keepAlive: true });
      const options = { port, host: '127.0.0.1', agent, method: 'POST' };
      await lookAt(look, http.request(options), 'first');
      await lookAt(look, http.request({ ...options, headers: ['Host', 'array.test'] as never }), 'second');
      agent.destroy();
    },
  },
  {
    name: 'connections that node:http hands over',
    methods: [...AGENT, ...REQUEST],
    calledByUs: ['getHeader'],
    async run(look) {
      const port = await listen(
        http.createServer().on('upgrade', (_request, socket) => {
          socket.on('error', () => undefined);
          socket.write('HTTP/1.1 101 Now\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n');
        }),
      );
      const proxy = await connectProxy();
      const host = '127.0.0.1';
      const headers = { connection: 'upgrade', upgrade: 'chat' };
      await lookAtHandOver(look, http.request({ port, host, headers }), 'upgrade');
      const path = `${host}:${port}`;
      await lookAtHandOver(
        look,
        http.request({ port: proxy.port, host, method: 'CONNECT', path }),
        'connect',
      );
    },
  },
  {
    name: 'requests of an agent that takes them in its own way',
    methods: [],
    async run(look) {
      const { port } = await httpServer();
      const agent = new (class extends http.Agent {
        addRequest(request: http.ClientRequest, options: net.NetConnectOpts): void {
          look.at('asked', { agent, request });
          request.onSocket(net.connect(options));
        }
      })();
      look.at('before', { agent });
      await lookAt(look, http.request({ port, host: '127.0.0.1', agent }), 'its own');
      look.at('after', { agent });
    },
  },
  {
    name: 'requests whose bodies are counted',
    config: { metrics: { 'http.client.request.body.size': true } },
    methods: [],
    lazily: [
      [http.ClientRequest.prototype, 'write'],
      [http.ClientRequest.prototype, 'end'],
    ],
    async run(look) {
      const { port } = await httpServer();
      const socket = net.connect(port, '127.0.0.1');
      await once(socket, 'connect');
      const request = http.request({ method: 'POST', createConnection: () => socket });
      await setImmediate();
      const { write } = socket;
      // Node writes to the connection while the program's call is on the stack.
      socket.write = (...args: unknown[]) => {
        look.at('written', { request });
        return Reflect.apply(write, socket, args);
      };
      request.write('hello');
      await lookAt(look, request, 'counted');
    },
  },
  {
    name: 'the dial of a socket',
    methods: DIALS,
    async run(look) {
      const { port } = await httpsServer();
      const lookup: net.LookupFunction = (_name, { all }, found) => {
        look.at('looks up', {});
        const address = '127.0.0.1';
        return all ? found(null, [{ address, family: 4 }]) : found(null, address, 4);
      };
      const request = https.request({ port, host: 'localhost', ca: CA, agent: false, lookup });
      await lookAt(look, request, 'of its own');
    },
  },
  {
    name: 'sockets, until there is a session of HTTP/2',
    methods: [[net.Socket.prototype, 'setNoDelay']],
    arrange: withoutHttp2,
    async run(look) {
      const { port } = await httpServer();
      const socket = net.connect(port, '127.0.0.1');
      await once(socket, 'connect');
      Reflect.get(socket, '_handle').setNoDelay = () => look.at('sends at once', { socket });
      socket.setNoDelay(true);
      socket.destroy();
    },
  },
  {
    name: 'the dial of a socket of TLS',
    methods: [[tls.TLSSocket.prototype, '_start']],
    async run(look) {
      const { port } = await httpsServer();
      const carrier = net.connect(port, '127.0.0.1');
      await once(carrier, 'connect');
      const createConnection = () => tls.connect({ socket: carrier, ca: CA, servername: 'localhost' });
      await lookAt(look, https.request({ port, host: 'localhost', createConnection }), 'over a connection');
      await lookAt(look, https.request({ port, host: 'localhost', ca: CA, agent: false }), 'of its own');
    },
  },
];

/** A process in which `node:http2` is not loaded yet. */
function withoutHttp2(): () => void {
  const before = Object.getOwnPropertyDescriptor(process, 'moduleLoadList') as PropertyDescriptor;
  const loaded = (before.value as string[]).filter((name) => name !== 'NativeModule http2');
  Object.defineProperty(process, 'moduleLoadList', { ...before, value: loaded });
  return () => void Object.defineProperty(process, 'moduleLoadList', before);
}
