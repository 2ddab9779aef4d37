// The other ends of HTTP/2 connections, frame by frame (RFC 9113): a session of Node's would be counted too. Header
// fields are written literally and never indexed (RFC 7541, 6.2.2), so that each request has the same bytes.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FakeSocket } from './fake-socket.mjs';

const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const WINDOW_UPDATE = 8;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

const METHOD_GET = 0x82;
const SCHEME_HTTP = 0x86;
const STATUS_200 = 0x88;

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** @param {Record<string, string>} fields Each name and value has less than 127 bytes. */
function literally(fields) {
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  );
}

/** The largest window for all that the other side will ever send on the connection. */
const OPEN_WINDOW = frame(WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 0xff, 0x00, 0x00]));

const REQUEST = Buffer.concat([
  Buffer.from([METHOD_GET, SCHEME_HTTP]),
  literally({
    ':path': '/orders/42?expand=items',
    ':authority': 'orders.internal:8080',
    'user-agent': 'bench/1.0',
    accept: 'application/json',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }),
]);

const RESPONSE = Buffer.concat([
  Buffer.from([STATUS_200]),
  literally({
    'content-type': 'application/json',
    date: 'Sat, 21 Nov 2026 08:00:00 GMT',
    'content-length': '17',
  }),
]);

const BODY = Buffer.from('{"status":"paid"}');

/** Calls back with each frame; a frame may come in pieces. */
class FrameReader {
  #rest = Buffer.alloc(0);
  #skip;
  #each;

  constructor(each, skip = 0) {
    this.#each = each;
    this.#skip = skip;
  }

  read(bytes) {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const skipped = Math.min(this.#skip, rest.length);
    this.#skip -= skipped;
    rest = rest.subarray(skipped);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      this.#each({ type: rest[3], flags: rest[4], stream: rest.readUInt32BE(5) & 0x7fffffff });
      rest = rest.subarray(9 + rest.readUIntBE(0, 3));
    }
    this.#rest = rest;
  }
}

/** Of a server's connection: sends a request, and waits until its stream is ended. */
export class FakeHttp2Client {
  #stream = -1;
  #ended = false;
  #reader = new FrameReader(({ type, flags, stream }) => {
    if (type === SETTINGS && (flags & ACK) === 0) {
      this.#socket.push(frame(SETTINGS, ACK, 0));
    } else if (stream === this.#stream && (flags & END_STREAM) !== 0) {
      this.#ended = true;
    }
  });
  #socket = new FakeSocket((_, bytes) => this.#reader.read(bytes));

  constructor(server) {
    server.emit('connection', this.#socket);
    this.#socket.push(Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0), OPEN_WINDOW]));
  }

  async ask() {
    this.#ended = false;
    this.#stream += 2;
    this.#socket.push(frame(HEADERS, END_HEADERS | END_STREAM, this.#stream, REQUEST));
    do {
      await nextTurn();
    } while (!this.#ended);
  }
}

/** Of a client's connection: answers each request in a turn of its own, in nobody's context, as a socket would. */
export class FakeHttp2Server {
  #asked = [];
  #socket;
  #reader = new FrameReader(({ type, flags, stream }) => {
    if (type === SETTINGS && (flags & ACK) === 0) {
      this.#socket.push(frame(SETTINGS, ACK, 0));
    } else if (type === HEADERS) {
      this.#asked.push(stream);
    }
  }, PREFACE.length);

  connect() {
    this.#socket = new FakeSocket((_, bytes) => this.#reader.read(bytes));
    this.#socket.push(Buffer.concat([frame(SETTINGS, 0, 0), OPEN_WINDOW]));
    return this.#socket;
  }

  /** @param {Promise<unknown>} answered What the client waits for. */
  async answer(answered) {
    do {
      await nextTurn();
    } while (this.#asked.length === 0);
    for (const stream of this.#asked.splice(0)) {
      this.#socket.push(
        Buffer.concat([frame(HEADERS, END_HEADERS, stream, RESPONSE), frame(DATA, END_STREAM, stream, BODY)]),
      );
    }
    return answered;
  }
}
