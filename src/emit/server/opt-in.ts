import type { Attributes } from '@opentelemetry/api';
import { plainAddress } from '../../authority.js';
import {
  ATTR_CLIENT_PORT,
  ATTR_NETWORK_LOCAL_ADDRESS,
  ATTR_NETWORK_LOCAL_PORT,
  ATTR_NETWORK_TRANSPORT,
  ATTR_USER_AGENT_SYNTHETIC_TYPE,
  NETWORK_TRANSPORT_VALUE_TCP,
  NETWORK_TRANSPORT_VALUE_UNIX,
} from '../../semconv/semconv.js';
import type { Forwarded } from '../http/forwarded.js';
import { syntheticType } from '../http/user-agent.js';
import type { ServedSocket } from './served-socket.js';

/** Attributes of a SERVER span that are known from the start and recorded only if they were asked for by name. */
export function addServerOptIns(
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
