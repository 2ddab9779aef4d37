import { isIP } from 'node:net';
import type { Attributes } from '@opentelemetry/api';
import { hostOf, portOf } from '../../authority.js';
import type { TLSConnectionState } from '../../httptrace/client-trace.js';
import type { Origin } from '../../origin.js';
import {
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_TRANSPORT,
  ATTR_NETWORK_TYPE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_TLS_CIPHER,
  ATTR_TLS_CURVE,
  ATTR_TLS_ESTABLISHED,
  ATTR_TLS_NEXT_PROTOCOL,
  ATTR_TLS_PROTOCOL_NAME,
  ATTR_TLS_PROTOCOL_VERSION,
  ATTR_TLS_RESUMED,
  NETWORK_TRANSPORT_VALUE_PIPE,
  NETWORK_TRANSPORT_VALUE_TCP,
  NETWORK_TRANSPORT_VALUE_UNIX,
  NETWORK_TYPE_VALUE_IPV4,
  NETWORK_TYPE_VALUE_IPV6,
  TLS_PROTOCOL_NAME_VALUE_SSL,
  TLS_PROTOCOL_NAME_VALUE_TLS,
} from '../../semconv/semconv.js';

/** Adds the server that a request asks for. A port without an address says nothing and is left out. */
export function addServer(attributes: Attributes, { address, port }: Pick<Origin, 'address' | 'port'>): void {
  if (address !== undefined) {
    attributes[ATTR_SERVER_ADDRESS] = address;
    if (port) {
      attributes[ATTR_SERVER_PORT] = port;
    }
  }
}

function addPort(attributes: Attributes, name: string, port: number | undefined): void {
  if (port) {
    attributes[name] = port;
  }
}

/**
 * Adds the address that is dialled, from the arguments of `connectStart` and `connectDone`.
 *
 * @param addr `host:port`, or the path of a unix socket.
 */
export function addDialledAddress(attributes: Attributes, network: 'tcp' | 'unix', addr: string): void {
  attributes[ATTR_NETWORK_TRANSPORT] =
    network === 'unix' ? localTransport(addr) : NETWORK_TRANSPORT_VALUE_TCP;
  const address = network === 'unix' ? addr : hostOf(addr);
  if (!address) {
    return;
  }
  attributes[ATTR_NETWORK_PEER_ADDRESS] = address;
  if (network === 'unix') {
    return;
  }
  addPort(attributes, ATTR_NETWORK_PEER_PORT, portOf(addr));
  const type = networkType(address);
  if (type !== undefined) {
    attributes[ATTR_NETWORK_TYPE] = type;
  }
}

/**
 * `network.type` of an IP address; `undefined` for a name or a path.
 *
 * @internal Exported for its tests.
 */
export function networkType(address: string): string | undefined {
  switch (isIP(address)) {
    case 4:
      return NETWORK_TYPE_VALUE_IPV4;
    case 6:
      return NETWORK_TYPE_VALUE_IPV6;
    default:
      return undefined;
  }
}

/** `network.transport` of a connection through the file system: a named pipe on Windows, else a unix socket. */
export function localTransport(path: string): string {
  return /^[\\/]{2}[.?][\\/]pipe[\\/]/.test(path)
    ? NETWORK_TRANSPORT_VALUE_PIPE
    : NETWORK_TRANSPORT_VALUE_UNIX;
}

/** What a `TLSConnectionState` does not say of a handshake. */
export interface TLSHandshakeOutcome {
  /** Whether the handshake succeeded. */
  readonly established: boolean;
  /** The curve of the key exchange, as in `getEphemeralKeyInfo().name`. */
  readonly curve?: string | undefined;
}

export function addTLSState(
  attributes: Attributes,
  state: TLSConnectionState,
  { established, curve }: TLSHandshakeOutcome,
): void {
  addTLSProtocol(attributes, state.version);
  addText(attributes, ATTR_TLS_CIPHER, state.cipherSuite);
  addText(attributes, ATTR_TLS_CURVE, curve);
  addText(attributes, ATTR_TLS_NEXT_PROTOCOL, state.negotiatedProtocol);
  attributes[ATTR_TLS_RESUMED] = state.didResume;
  attributes[ATTR_TLS_ESTABLISHED] = established;
}

/** @param version As `TLSSocket.getProtocol()` names it: `TLSv1.3` */
export function addTLSProtocol(attributes: Attributes, version: string): void {
  const [, name, number] = /^(TLS|SSL)v([\d.]+)$/.exec(version) ?? [];
  if (number !== undefined) {
    attributes[ATTR_TLS_PROTOCOL_NAME] =
      name === 'SSL' ? TLS_PROTOCOL_NAME_VALUE_SSL : TLS_PROTOCOL_NAME_VALUE_TLS;
    attributes[ATTR_TLS_PROTOCOL_VERSION] = number;
  }
}

function addText(attributes: Attributes, name: string, value: string | undefined): void {
  if (value) {
    attributes[name] = value;
  }
}

/** `network.protocol.version` of Node's `httpVersion`, which is `2.0` for HTTP/2. */
export function protocolVersion(httpVersion: string): string {
  return httpVersion === '2.0' ? '2' : httpVersion;
}

/** `error.type` of a final status that a client received; `undefined` if it is no error. */
export function clientStatusErrorType(status: number): string | undefined {
  return status >= 100 && status < 400 ? undefined : String(status);
}

/** `error.type` of a final status that a server sent; `undefined` if it is no error of the server. */
export function serverStatusErrorType(status: number): string | undefined {
  return status >= 100 && status < 500 ? undefined : String(status);
}
