// The other ends of HTTP/1.1 connections: what they send is always the same.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FakeSocket } from './fake-socket.mjs';

const RESPONSE = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    'Content-Type: application/json',
    'Date: Sat, 21 Nov 2026 08:00:00 GMT',
    'Connection: keep-alive',
    'Content-Length: 17',
    '',
    '{"status":"paid"}',
  ].join('\r\n'),
);

const REQUEST = Buffer.from(
  [
    'GET /orders/42?expand=items HTTP/1.1',
    'Host: orders.internal:8080',
    'User-Agent: bench/1.0',
    'Accept: application/json',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '',
    '',
  ].join('\r\n'),
);

/** Of a client's connections: answers each request in a turn of its own, in nobody's context, as a socket would. */
export class FakeServer {
  asked = [];

  connect() {
    return new FakeSocket((socket) => this.asked.push(socket));
  }

  /** @param {Promise<unknown>} answered What the client waits for. */
  async answer(answered) {
    do {
      await nextTurn();
    } while (this.asked.length === 0);
    this.answerAll();
    return answered;
  }

  answerAll() {
    for (const socket of this.asked.splice(0)) {
      socket.push(RESPONSE);
    }
  }
}

/** Of a server's connection: sends a request, and waits for all of its answer. */
export class FakeClient {
  #answered = 0;
  #socket = new FakeSocket(() => this.#answered++);

  constructor(server) {
    server.emit('connection', this.#socket);
  }

  async ask() {
    this.#answered = 0;
    this.#socket.push(REQUEST);
    do {
      await nextTurn();
    } while (this.#answered === 0);
  }
}
