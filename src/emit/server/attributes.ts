import type { Socket } from 'node:net';
import type { Attributes } from '@opentelemetry/api';
import { defaultPort, plainAddress } from '../../authority.js';
import { originAt } from '../../origin.js';
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_CLIENT_PORT,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_NETWORK_LOCAL_ADDRESS,
  ATTR_NETWORK_LOCAL_PORT,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_NETWORK_TRANSPORT,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
  ATTR_USER_AGENT_SYNTHETIC_TYPE,
  NETWORK_TRANSPORT_VALUE_TCP,
  NETWORK_TRANSPORT_VALUE_UNIX,
} from '../../semconv/semconv.js';
import type { ServedRequest } from '../../source/server/trace.js';
import { addServer, protocolVersion } from '../http/attributes.js';
import { type Forwarded, parseForwarded } from '../http/forwarded.js';
import type { HeaderCapture } from '../http/headers.js';
import type { RecordedMethod } from '../http/method.js';
import { redactQuery } from '../http/redaction.js';
import { targetPath, targetQuery } from '../http/url.js';
import { syntheticType } from '../http/user-agent.js';
import type { ServerSettings } from './settings.js';

/** Where a request came from. */
export interface ServedConnection {
  /** `undefined` if the connection is gone, or if there never was one. */
  readonly socket: ServedSocket | undefined;
  /** The address of the other end; a unix socket has none. */
  readonly peer: string | undefined;
}

export function connectionOf(request: ServedRequest): ServedConnection {
  // The compatibility API of HTTP/2 makes a proxy for each request, where its session has one for all.
  const socket = 'stream' in request ? request.stream.session?.socket : request.socket;
  const address = socket?.remoteAddress;
  // One of IPv4 is plain already.
  return { socket, peer: address?.includes(':') ? plainAddress(address) : address };
}

/** What samplers see of a request that arrives. */
export function serverStartAttributes(
  request: ServedRequest,
  { method, original }: RecordedMethod,
  { socket, peer }: ServedConnection,
  settings: ServerSettings,
): Attributes {
  const { headers } = request;
  const isHttp2 = request.httpVersion === '2.0';
  const forwarded = settings.config.trustForwardedHeaders ? parseForwarded(headers) : undefined;
  const scheme = forwarded?.scheme ?? ownScheme(isHttp2 ? headers[':scheme'] : undefined, socket);
  const attributes: Attributes = { [ATTR_HTTP_REQUEST_METHOD]: method, [ATTR_URL_SCHEME]: scheme };
  addTarget(attributes, request.url ?? '', settings);
  if (forwarded?.serverAddress === undefined) {
    const authority = (isHttp2 && headers[':authority']) || headers.host;
    if (typeof authority === 'string') {
      addServer(attributes, originAt(scheme, authority));
    }
  } else {
    const { serverAddress: address, serverPort } = forwarded;
    addServer(attributes, { address, port: serverPort ?? defaultPort(scheme) });
  }
  const client = forwarded?.clientAddress ?? peer;
  if (client) {
    attributes[ATTR_CLIENT_ADDRESS] = client;
  }
  const userAgent = headers['user-agent'];
  if (userAgent) {
    attributes[ATTR_USER_AGENT_ORIGINAL] = userAgent;
  }
  if (original !== undefined) {
    attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = original;
  }
  if (settings.optIn.size > 0) {
    addServerOptIns(attributes, settings.optIn, forwarded, socket, userAgent);
  }
  if (settings.requestHeaders !== undefined) {
    addRequestHeaders(attributes, settings.requestHeaders, request);
  }
  return attributes;
}

/** What else is known then: the SDK handles what samplers see three times, and these once. */
export function networkAttributes(
  { httpVersion }: ServedRequest,
  { socket, peer }: ServedConnection,
): Attributes {
  const attributes: Attributes = { [ATTR_NETWORK_PROTOCOL_VERSION]: protocolVersion(httpVersion) };
  if (peer) {
    attributes[ATTR_NETWORK_PEER_ADDRESS] = peer;
    if (socket?.remotePort) {
      attributes[ATTR_NETWORK_PEER_PORT] = socket.remotePort;
    }
  }
  return attributes;
}

/** Not `headersDistinct`: releases of Node throw when it is read, if a client has sent a header named `__proto__`. */
function addRequestHeaders(attributes: Attributes, capture: HeaderCapture, request: ServedRequest): void {
  if ('rawHeaders' in request) {
    capture.addList(attributes, request.rawHeaders);
  } else {
    capture.addReceived(attributes, request.headers);
  }
}

/** A client of HTTP/2 may claim any scheme; one that is unknown would become a time series of its own. */
function ownScheme(claimed: unknown, socket: ServedSocket | undefined): string {
  if (claimed === 'http' || claimed === 'https') {
    return claimed;
  }
  return socket?.encrypted === true ? 'https' : 'http';
}

function addTarget(attributes: Attributes, target: string, { redactedQueryParams }: ServerSettings): void {
  const path = targetPath(target);
  if (path) {
    attributes[ATTR_URL_PATH] = path;
  }
  const query = targetQuery(target);
  if (query !== undefined) {
    attributes[ATTR_URL_QUERY] = redactQuery(query, redactedQueryParams);
  }
}

/** A connection, as far as it may be looked at; `encrypted` is what TLS adds to it. */
type ServedSocket = Pick<
  Socket,
  'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort' | 'destroyed'
> & { readonly encrypted?: boolean };

/** Attributes of a SERVER span that are known from the start and recorded only if they were asked for by name. */
function addServerOptIns(
  attributes: Attributes,
  optIn: ReadonlySet<string>,
  forwarded: Forwarded | undefined,
  socket: ServedSocket | undefined,
  userAgent: string | undefined,
): void {
  const add = (name: string, value: string | number | undefined): void => {
    if (value && optIn.has(name)) {
      attributes[name] = value;
    }
  };
  // A port belongs to the address that was taken.
  add(ATTR_CLIENT_PORT, forwarded?.clientAddress === undefined ? socket?.remotePort : forwarded.clientPort);
  add(ATTR_NETWORK_LOCAL_ADDRESS, socket?.localAddress && plainAddress(socket.localAddress));
  add(ATTR_NETWORK_LOCAL_PORT, socket?.localPort);
  add(ATTR_NETWORK_TRANSPORT, transportOf(socket));
  add(ATTR_USER_AGENT_SYNTHETIC_TYPE, userAgent && syntheticType(userAgent));
}

/** A unix socket has no addresses, and neither has a connection that is gone. */
function transportOf(socket: ServedSocket | undefined): string | undefined {
  if (socket === undefined || socket.destroyed) {
    return undefined;
  }
  return socket.remoteAddress === undefined ? NETWORK_TRANSPORT_VALUE_UNIX : NETWORK_TRANSPORT_VALUE_TCP;
}
