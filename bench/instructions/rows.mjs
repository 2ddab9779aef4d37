// What is counted: one warm request of each kind, on a connection that is kept alive.
import { ok } from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { replay } from '../undici-messages.mjs';
import { FakeSocket } from './fake-socket.mjs';
import { FakeClient, FakeServer } from './http1-peers.mjs';
import { FakeHttp2Client, FakeHttp2Server } from './http2-peers.mjs';

const ORIGIN = 'http://orders.internal:8080';
const PATH = '/orders/42?expand=items';
/** Longer than valgrind takes to begin: a connection that undici meanwhile gives up would be dialled anew, and counted. */
const KEPT_ALIVE = 600_000;

const BODY = Buffer.from('{"id":42}');

const load = createRequire(import.meta.url);

/** The peer patches a module when it is required after the peer was made: so none that it may patch is imported. */
const http = () => load('http');

/** As a connector of undici's: no dial is done on the stack on which it was begun. */
function dialling(server) {
  return (_options, done) => setImmediate(() => done(null, server.connect()));
}

/** What a server of the rows does. */
export function answer(_request, response) {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': BODY.length });
  response.end(BODY);
}

/**
 * @typedef {object} Row
 * @property {string} title
 * @property {'client' | 'server'} side Whose spans they are.
 * @property {'undici' | 'http'} [peer] The instrumentation that records the same; without one there is no such column.
 * @property {number} events How many events a span has with all hooks.
 * @property {number} warmUp How many requests until the engine has compiled all that it will.
 * @property {number} stretch How many requests are counted together.
 * @property {(handler: typeof answer) => ((headers?: Record<string, string>) => unknown)} open Gives what makes one
 *   request. A server's requests are answered by the handler. A client's are sent with the headers, but for undici, which
 *   takes the headers of its caller in a dearer way than one that is added later.
 */

/** @type {Record<string, Row>} */
export const ROWS = {
  'undici-replayed': {
    title: 'undici, replayed',
    side: 'client',
    peer: 'undici',
    events: 6,
    warmUp: 12_000,
    stretch: 50,
    open: () => replay,
  },
  'undici-request': {
    title: '`undici.request`',
    side: 'client',
    peer: 'undici',
    events: 6,
    warmUp: 12_000,
    stretch: 50,
    open() {
      const { Client } = load('undici');
      const server = new FakeServer();
      const client = new Client(ORIGIN, { connect: dialling(server), keepAliveTimeout: KEPT_ALIVE });
      const request = async () => {
        const { body } = await client.request({ path: PATH, method: 'GET' });
        return body.text();
      };
      return () => server.answer(request());
    },
  },
  fetch: {
    title: 'built-in `fetch`',
    side: 'client',
    peer: 'undici',
    events: 6,
    warmUp: 14_000,
    stretch: 50,
    async open() {
      // Loads what is built in, whose classes can be had by the global dispatcher alone.
      await fetch('data:,').then((response) => response.text());
      const { constructor: Agent } = globalThis[Symbol.for('undici.globalDispatcher.1')];
      const server = new FakeServer();
      const dispatcher = new Agent({ connect: dialling(server), keepAliveTimeout: KEPT_ALIVE });
      const request = async () => (await fetch(ORIGIN + PATH, { dispatcher })).text();
      return () => server.answer(request());
    },
  },
  'node-client': {
    title: '`node:http` client',
    side: 'client',
    peer: 'http',
    events: 6,
    warmUp: 10_000,
    stretch: 50,
    open() {
      const server = new FakeServer();
      const agent = new (http().Agent)({ keepAlive: true, maxSockets: 1 });
      agent.createConnection = () => server.connect();
      const request = (headers) =>
        new Promise((resolve, reject) => {
          const options = { host: 'orders.internal', port: 8080, path: PATH, agent, headers };
          const get = http().get(options, (response) => response.on('end', resolve).resume());
          get.on('error', reject);
        });
      return (headers) => server.answer(request(headers));
    },
  },
  'http-server': {
    title: 'http server',
    side: 'server',
    peer: 'http',
    events: 3,
    warmUp: 10_000,
    stretch: 50,
    open(handler) {
      const client = new FakeClient(http().createServer(handler));
      return () => client.ask();
    },
  },
  'http2-server': {
    title: 'http2 server',
    side: 'server',
    events: 3,
    warmUp: 10_000,
    stretch: 50,
    open(handler) {
      const client = new FakeHttp2Client(load('node:http2').createServer(handler));
      return () => client.ask();
    },
  },
  'http2-client': {
    title: '`node:http2` client',
    side: 'client',
    events: 6,
    warmUp: 10_000,
    stretch: 50,
    open() {
      const server = new FakeHttp2Server();
      const session = load('node:http2').connect(ORIGIN, { createConnection: () => server.connect() });
      const request = (headers) =>
        new Promise((resolve, reject) => {
          const stream = session.request({ ':path': PATH, ...headers });
          stream.on('end', resolve).on('error', reject).resume();
        });
      return (headers) => server.answer(request(headers));
    },
  },
};

const empty = () => undefined;

/** One call of a handler that does nothing, by itself or within captureMetrics. */
export const CAPTURE_METRICS = {
  title: '`captureMetrics`, empty handler',
  warmUp: 12_000,
  stretch: 250,
  async open(column) {
    const { captureMetrics } = await import('opentelemetry-instrumentation-httptrace/httpsnoop');
    const call = column === 'all' ? captureMetrics : (handler, req, res) => handler(req, res);
    const responses = [];
    return {
      /** What a call needs is made before its stretch, so that it is not counted. */
      prepare(count) {
        for (let made = 0; made < count; made++) {
          const req = new IncomingMessage(new FakeSocket(empty));
          req.httpVersionMajor = 1;
          req.httpVersionMinor = 1;
          req.method = 'GET';
          const res = new ServerResponse(req);
          res.assignSocket(req.socket);
          responses.push({ req, res });
        }
      },
      request() {
        const { req, res } = responses.pop();
        const metrics = call(empty, req, res);
        res.emit('close');
        ok(column === 'nothing' || metrics instanceof Promise, 'nothing was captured');
      },
    };
  },
};

/** Above what the API loads, which each of them needs. */
export const LOADING = {
  title: 'loading, in millions',
  packages: {
    nothing: [],
    all: ['opentelemetry-instrumentation-httptrace'],
    peer: ['@opentelemetry/instrumentation-undici', '@opentelemetry/instrumentation-http'],
  },
};
