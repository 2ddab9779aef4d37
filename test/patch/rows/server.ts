import { once } from 'node:events';
import { open } from 'node:fs/promises';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import { type AddressInfo, type Server, Socket } from 'node:net';
import { beforeAll } from 'vitest';
import { connectHttp2, http2Request } from '../../support/clients/http2-client.js';
import { RawClient } from '../../support/clients/raw-client.js';
import type { Look, PatchedMethod, PatchedRow } from '../../support/peers/looked-at.js';
import { serverStreamPrototype } from '../../support/peers/node-classes.js';
import { CA, certificate } from '../../support/servers/certificates.js';

const RESPONSE: PatchedRow['methods'] = [
  ...['emit', 'writeHead', '_send', 'end', 'flushHeaders'],
  ...['writeContinue', 'writeProcessing', 'writeEarlyHints'],
  // Newer releases of Node have it.
  ...('writeInformation' in http.ServerResponse.prototype ? ['writeInformation'] : []),
].map((method) => [http.ServerResponse.prototype, method] as const);

const HTTP1: PatchedRow['methods'] = [
  ...RESPONSE,
  [http.IncomingMessage.prototype, 'emit'],
  [Socket.prototype, '_destroy'],
];

const COMPAT: PatchedRow['methods'] = [
  [http2.Http2ServerRequest.prototype, 'emit'],
  [http2.Http2ServerResponse.prototype, 'emit'],
  [http2.Http2ServerResponse.prototype, 'flushHeaders'],
];

/** What is patched with the first stream of a server. */
const STREAMS: PatchedMethod[] = [];

beforeAll(async () => {
  const prototype = await serverStreamPrototype();
  for (const method of [
    ...['emit', 'respond', 'respondWithFile', 'respondWithFD', 'additionalHeaders', 'pushStream'],
    ...['write', 'end', 'close', 'destroy', '_destroy'],
  ]) {
    STREAMS.push([prototype, method]);
  }
});

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
  const head = [
    'POST / HTTP/1.1',
    'Host: a',
    'Content-Length: 3',
    'Expect: 100-continue',
    'Connection: close',
  ];
  client.send(head, 'abc');
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
    methods: [
      [http.Server.prototype, 'emit'],
      [http.ServerResponse.prototype, 'emit'],
      [http.ServerResponse.prototype, 'destroy'],
      [Socket.prototype, '_destroy'],
    ],
    async run(look) {
      const server = http.createServer((request, response) => {
        const stage = `request ${request.url}`;
        look.at(stage, { request, response, socket: request.socket });
        response.on('close', () => look.at(`${stage} closed`, { request, response }));
        if (request.url === '/2') {
          response.destroy();
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
  ...[false, true].map(
    (isSecure): PatchedRow => ({
      name: `what a server of node:http2 answers${isSecure ? ', over TLS' : ''}`,
      config,
      methods: [[Object.getPrototypeOf(http2Server(isSecure)), 'emit'], ...COMPAT],
      async run(look) {
        const server = http2Server(isSecure).on('request', (request, response) => {
          const { stream } = request;
          look.at('request', { request, response, stream });
          request.on('end', () => look.at('request read', { request, response, stream })).resume();
          response.on('finish', () => look.at('finished', { request, response }));
          Reflect.get(response, 'flushHeaders').call(response);
          response.write('some');
          setImmediate(() => response.end('more'));
        });
        await asked(server, async (port) => {
          const session = http2.connect(`${isSecure ? 'https' : 'http'}://localhost:${port}`, { ca: CA });
          await http2Request(session);
          session.close();
        });
      },
    }),
  ),
  {
    name: 'streams of a server of node:http2',
    config,
    methods: [],
    lazily: STREAMS,
    async run(look) {
      const file = await open(__filename);
      const server = http2.createServer().on('stream', (stream, { ':path': path = '' }) => {
        const at = (stage: string) => look.at(`${path} ${stage}`, { stream });
        at('begins');
        stream.on('wantTrailers', () => at('wants trailers'));
        stream.on('close', () => at('is closed'));
        STREAM_ANSWERS[path]?.(stream, at, file.fd);
        if (path === '/written') {
          look.thrownBy('respond', () => stream.respond());
          look.thrownBy('respondWithFile', () => stream.respondWithFile(__filename));
          look.thrownBy('respondWithFD', () => stream.respondWithFD(file));
          look.thrownBy('additionalHeaders', () => stream.additionalHeaders({}));
          look.thrownBy('pushStream', () => stream.pushStream({}, undefined as never));
        }
      });
      await asked(server, async (port) => {
        const session = await connectHttp2(port);
        session.on('stream', (pushed) => pushed.resume());
        for (const path of Object.keys(STREAM_ANSWERS)) {
          await http2Request(session, { ':path': path });
        }
        session.close();
      });
      await file.close();
    },
  },
];

function http2Server(isSecure: boolean): http2.Http2Server | http2.Http2SecureServer {
  return isSecure ? http2.createSecureServer(certificate('localhost')) : http2.createServer();
}

type AnswerStream = (stream: http2.ServerHttp2Stream, at: (stage: string) => void, fd: number) => void;

/** Each kind of answer that a stream can give, by its path. */
const STREAM_ANSWERS: Readonly<Record<string, AnswerStream>> = {
  '/written'(stream, at) {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ trailer: 'a' }));
    stream.write('some', () => at('has written'));
    stream.end('more');
  },
  // Node asks before it sends the head of a file.
  '/file': (stream, at) => stream.respondWithFile(__filename, {}, { statCheck: () => at('sends a file') }),
  '/fd': (stream, at, fd) => stream.respondWithFD(fd, {}, { statCheck: () => at('sends what is open') }),
  '/pushes'(stream, at) {
    stream.additionalHeaders({ ':status': 103 });
    stream.pushStream({ ':path': '/pushed' }, (_error, pushed) => {
      at('pushes');
      pushed.respond();
      pushed.end('pushed');
      stream.respond();
      stream.end();
    });
  },
  '/closed': (stream, at) => stream.close(http2.constants.NGHTTP2_CANCEL, () => at('closes')),
  '/destroyed': (stream) => void stream.destroy(),
};
