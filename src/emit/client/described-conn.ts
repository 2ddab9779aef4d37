import type { Socket } from 'node:net';
import type { Attributes } from '@opentelemetry/api';
import { Itself } from '../../patch/hidden-field.js';
import type { ConnEnds } from '../../recorder/conn-ends.js';
import {
  ATTR_NETWORK_LOCAL_ADDRESS,
  ATTR_NETWORK_LOCAL_PORT,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  NETWORK_TRANSPORT_VALUE_TCP,
} from '../../semconv/semconv.js';
import { unixPathOf } from '../../source/connection/dial.js';
import { speaksHttp2 } from '../../source/connection/protocol.js';
import {
  addNetworkLocal,
  addNetworkPeer,
  localTransport,
  protocolVersionOfAlpn,
} from '../http/attributes.js';

/** What is said of a connection, the same for each request that it carries. */
export interface DescribedConn {
  readonly peerAddress: Attributes[string];
  readonly peerPort: Attributes[string];
  /** `network.protocol.version` */
  readonly protocolVersion: string;
  /** `network.transport` */
  readonly transport: string;
  readonly localAddress: Attributes[string];
  readonly localPort: Attributes[string];
}

/** A class of its own and no `hiddenField`, whose code all fields share: that costs each look-up 160 instructions. */
class Described extends Itself {
  readonly #description: DescribedConn;

  constructor(ends: ConnEnds, description: DescribedConn) {
    super(ends);
    this.#description = description;
  }

  static of(ends: ConnEnds): DescribedConn | undefined {
    return #description in ends ? ends.#description : undefined;
  }
}

export function describeConn(conn: Socket, ends: ConnEnds): DescribedConn {
  let description = Described.of(ends);
  if (description === undefined) {
    description = describe(conn, ends);
    new Described(ends, description);
  }
  return description;
}

function describe(conn: Socket, ends: ConnEnds): DescribedConn {
  const path = unixPathOf(conn);
  const attributes: Attributes = {};
  addNetworkPeer(attributes, ends, path);
  addNetworkLocal(attributes, ends);
  return {
    peerAddress: attributes[ATTR_NETWORK_PEER_ADDRESS],
    peerPort: attributes[ATTR_NETWORK_PEER_PORT],
    localAddress: attributes[ATTR_NETWORK_LOCAL_ADDRESS],
    localPort: attributes[ATTR_NETWORK_LOCAL_PORT],
    protocolVersion: connProtocolVersion(conn),
    transport: path === undefined ? NETWORK_TRANSPORT_VALUE_TCP : localTransport(path),
  };
}

/** The far end of a connection, and what is spoken on it. */
export function addConnPeer(
  attributes: Attributes,
  { peerAddress, peerPort, protocolVersion }: DescribedConn,
): void {
  if (peerAddress !== undefined) {
    attributes[ATTR_NETWORK_PEER_ADDRESS] = peerAddress;
    if (peerPort !== undefined) {
      attributes[ATTR_NETWORK_PEER_PORT] = peerPort;
    }
  }
  attributes[ATTR_NETWORK_PROTOCOL_VERSION] = protocolVersion;
}

/** Both ends, one by one: a copy of them has no room for what an event adds, and grows three times. */
export function addConn(attributes: Attributes, description: DescribedConn): void {
  addConnPeer(attributes, description);
  const { localAddress, localPort } = description;
  if (localAddress !== undefined) {
    attributes[ATTR_NETWORK_LOCAL_ADDRESS] = localAddress;
    if (localPort !== undefined) {
      attributes[ATTR_NETWORK_LOCAL_PORT] = localPort;
    }
  }
}

/** `network.protocol.version` of a connection: TLS has agreed on it, or who speaks HTTP/2 without that has said so. */
export function connProtocolVersion(conn: Socket & { alpnProtocol?: string | false | null }): string {
  return speaksHttp2(conn) ? '2' : protocolVersionOfAlpn(conn.alpnProtocol);
}
