import { channel } from 'node:diagnostics_channel';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

const CHANNELS = [
  'undici:request:create',
  'undici:request:bodyChunkSent',
  'undici:request:bodySent',
  'undici:request:headers',
  'undici:request:bodyChunkReceived',
  'undici:request:trailers',
  'undici:request:error',
  'undici:client:beforeConnect',
  'undici:client:connected',
  'undici:client:connectError',
  'undici:client:sendHeaders',
  'net.client.socket',
  'net.server.socket',
  'http.client.request.created',
  'http.client.request.start',
  'http.client.request.error',
  'http.client.response.finish',
  'http.server.request.start',
  'http.server.response.created',
  'http.server.response.finish',
  'http2.client.stream.created',
  'http2.server.stream.created',
  'tracing:net.server.listen:asyncStart',
];

const OBJECTS: Readonly<Record<string, object>> = {
  http,
  https,
  http2,
  net,
  tls,
  'http.Agent': http.Agent.prototype,
  'http.ClientRequest': http.ClientRequest.prototype,
  'http.IncomingMessage': http.IncomingMessage.prototype,
  'http.OutgoingMessage': http.OutgoingMessage.prototype,
  'http.Server': http.Server.prototype,
  'http.ServerResponse': http.ServerResponse.prototype,
  'http2.Http2ServerRequest': http2.Http2ServerRequest.prototype,
  'http2.Http2ServerResponse': http2.Http2ServerResponse.prototype,
  'https.Agent': https.Agent.prototype,
  'https.Server': https.Server.prototype,
  'net.Socket': net.Socket.prototype,
  'net.Server': net.Server.prototype,
  'tls.TLSSocket': tls.TLSSocket.prototype,
};

/** All of the process that an instrumentation might have touched: to be compared with what it was before. */
export function surroundings(): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of CHANNELS) {
    found[name] = channel(name).hasSubscribers;
  }
  for (const [name, object] of Object.entries(OBJECTS)) {
    const descriptors = Object.getOwnPropertyDescriptors(object);
    for (const key of Reflect.ownKeys(descriptors)) {
      found[`${name}.${String(key)}`] = Reflect.get(descriptors, key);
    }
  }
  return found;
}

/** The names of what differs between two looks around. */
export function differences(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !same(before[name], after[name]));
}

/** Descriptors are made anew for each look. */
function same(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) {
    return one === other;
  }
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => Object.is(Reflect.get(one, key), Reflect.get(other, key)));
}
