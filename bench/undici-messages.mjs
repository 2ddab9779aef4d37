import { channel } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

const channels = Object.fromEntries(
  [
    'request:create',
    'client:sendHeaders',
    'request:bodySent',
    'request:headers',
    'request:bodyChunkReceived',
    'request:trailers',
  ].map((name) => [name, channel(`undici:${name}`)]),
);

const HANDLER = Symbol('handler');
const handler = {};

/** A request with the fields that undici 7 gives it, as they were when one was recorded. */
class RecordedRequest {
  constructor() {
    this[HANDLER] = handler;
    this.headersTimeout = undefined;
    this.bodyTimeout = undefined;
    this.method = 'GET';
    this.abort = null;
    this.body = null;
    this.completed = false;
    this.aborted = false;
    this.upgrade = null;
    this.path = '/orders/42?expand=items';
    this.origin = 'http://orders.internal:8080';
    this.protocol = 'http:';
    this.idempotent = true;
    this.blocking = true;
    this.reset = null;
    this.host = null;
    this.contentLength = null;
    this.contentType = null;
    this.headers = [
      'accept',
      '*/*',
      'accept-language',
      '*',
      'sec-fetch-mode',
      'cors',
      'user-agent',
      'node',
      'accept-encoding',
      'br, gzip, deflate',
    ];
    this.servername = null;
  }

  addHeader(name, value) {
    this.headers.push(name, value);
    return this;
  }

  onResponseStarted() {
    return undefined;
  }
}

const socket = recordedSocket();
const sent =
  'GET /orders/42?expand=items HTTP/1.1\r\nhost: orders.internal:8080\r\nconnection: keep-alive\r\n';
const response = {
  statusCode: 200,
  statusText: 'OK',
  headers: [
    'content-type',
    'application/json',
    'date',
    'Sat, 21 Nov 2026 08:00:00 GMT',
    'content-length',
    '17',
  ].map((text) => Buffer.from(text)),
};
const chunk = Buffer.from('{"status":"paid"}');

/** A kept-alive connection: its addresses are there, as Node caches them. */
function recordedSocket() {
  const addresses = {
    remoteAddress: '10.1.2.80',
    remotePort: 8080,
    localAddress: '10.1.2.3',
    localPort: 51234,
  };
  return Object.defineProperties(
    new Socket(),
    Object.fromEntries(Object.entries(addresses).map(([name, value]) => [name, { value }])),
  );
}

function publish(name, message) {
  const to = channels[name];
  if (to.hasSubscribers) {
    to.publish(message());
  }
}

/** The messages of one GET on a reused connection, in the order in which undici publishes them. */
export function replay() {
  const request = new RecordedRequest();
  publish('request:create', () => ({ request }));
  publish('client:sendHeaders', () => ({ request, headers: sent, socket }));
  publish('request:bodySent', () => ({ request }));
  request.onResponseStarted();
  publish('request:headers', () => ({ request, response }));
  publish('request:bodyChunkReceived', () => ({ request, chunk }));
  publish('request:trailers', () => ({ request, trailers: [] }));
}
