import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import { type AddressInfo, type Server, Socket } from 'node:net';
import { connectHttp2, http2Request } from '../../support/clients/http2-client.js';
import { RawClient } from '../../support/clients/raw-client.js';
import type { Look, PatchedRow } from '../../support/peers/looked-at.js';
import { CA, certificate } from '../../support/servers/certificates.js';

const RESPONSE: PatchedRow['methods'] = [
  ...['emit', 'writeHead', '_send', 'end', 'destroy', 'flushHeaders'],
  ...['writeContinue', 'writeProcessing', 'writeEarlyHints'],
].map((method) => [http.ServerResponse.prototype, method] as const);

const HTTP1: PatchedRow['methods'] = [
  ...RESPONSE,
  [http.IncomingMessage.prototype, 'emit'],
  [Socket.prototype, '_destroy'],
];

const HTTP2: PatchedRow['methods'] = [
  [Object.getPrototypeOf(http2.createServer()), 'emit'],
  [http2.Http2ServerRequest.prototype, 'emit'],
  [http2.Http2ServerResponse.prototype, 'emit'],
  [http2.Http2ServerResponse.prototype, 'flushHeaders'],
];

/** Looks at a request and its response at each stage that a listener can see. */
function lookingAt(look: Look): http.RequestListener {
  return (request, response) => {
    const { socket } = request;
    const at = (stage: string) => (): void => look.at(stage, { request, response, socket });
    at('request')();
    request.on('end', at('request read')).resume();
    response.on('finish', () => look.at('finished', { request, response }));
    response.on('close', () => look.at('closed', { request, response }));
    response.writeProcessing();
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.flushHeaders();
    at('flushed')();
    response.write('some', () => look.at('written', { request, response }));
    setImmediate(() => response.end('more', () => look.at('ended', { request, response })));
  };
}

const config: PatchedRow['config'] = { client: { enabled: false }, server: { enabled: true } };

/** Lets a server listen while it is asked, and waits until it is closed. */
async function asked(server: Server, ask: (port: number) => Promise<void>): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await ask((server.address() as AddressInfo).port);
  server.close();
  await once(server, 'close');
}

async function ask(client: RawClient): Promise<void> {
  client.send(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Connection: close'], 'abc');
  await client.closed();
}

export const SERVER_ROWS: readonly PatchedRow[] = [
  {
    name: 'what a server of node:http answers',
    config,
    methods: [[http.Server.prototype, 'emit'], ...HTTP1],
    async run(look) {
      await asked(http.createServer(lookingAt(look)), async (port) => ask(await RawClient.connect(port)));
    },
  },
  {
    name: 'what a server of node:https answers',
    config,
    methods: [[https.Server.prototype, 'emit'], ...HTTP1],
    async run(look) {
      await asked(https.createServer(certificate('localhost'), lookingAt(look)), async (port) =>
        ask(await RawClient.connectTls(port, Buffer.from(CA))),
      );
    },
  },
  {
    name: 'pipelined responses, and one that is given up',
    config,
    methods: [[http.Server.prototype, 'emit'], ...HTTP1],
    async run(look) {
      const server = http.createServer((request, response) => {
        const stage = `request ${request.url}`;
        look.at(stage, { request, response, socket: request.socket });
        response.on('close', () => look.at(`${stage} closed`, { request, response }));
        if (request.url === '/2') {
          request.socket.destroy();
        }
      });
      await asked(server, async (port) => {
        const client = await RawClient.connect(port);
        client.send(['GET /1 HTTP/1.1', 'Host: a', '', 'GET /2 HTTP/1.1', 'Host: a']);
        await client.closed();
      });
    },
  },
  {
    name: 'connections that a server hands over',
    config,
    methods: [
      [http.Server.prototype, 'emit'],
      [http.IncomingMessage.prototype, 'emit'],
    ],
    async run(look) {
      const server = http.createServer().on('upgrade', (request, socket) => {
        look.at('upgrade', { request, socket });
        setImmediate(() => {
          look.at("the program's", { request, socket });
          socket.end();
        });
      });
      await asked(server, async (port) => {
        const client = await RawClient.connect(port);
        client.send(['GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: chat']);
        await client.closed();
      });
    },
  },
  {
    name: 'what a server of node:http2 answers',
    config,
    methods: HTTP2,
    async run(look) {
      const server = http2.createServer((request, response) => {
        const { stream } = request;
        look.at('request', { request, response, stream });
        request.on('end', () => look.at('request read', { request, response, stream })).resume();
        response.on('finish', () => look.at('finished', { request, response }));
        Reflect.get(response, 'flushHeaders').call(response);
        response.write('some');
        setImmediate(() => response.end('more'));
      });
      await asked(server, async (port) => {
        const session = await connectHttp2(port);
        await http2Request(session);
        session.close();
      });
    },
  },
];
