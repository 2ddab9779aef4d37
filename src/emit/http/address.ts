import { isIP } from 'node:net';
import { NETWORK_TYPE_VALUE_IPV4, NETWORK_TYPE_VALUE_IPV6 } from '../../semconv/semconv.js';

const MAPPED_IPV4 = /^::ffff:(?=[\d.]+$)/i;

/** An address without the brackets of a URL and without the prefix of an IPv4 address in IPv6 form. */
export function plainAddress(address: string): string {
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
  return bare.startsWith('::') ? bare.replace(MAPPED_IPV4, '') : bare;
}

/**
 * The host of `host:port`, as in a `Host` header, an authority or a `hostPort` of a hook; IPv6 without its brackets.
 *
 * @returns `undefined` if there is none.
 */
export function hostOf(hostPort: string): string | undefined {
  const end = hostEnd(hostPort);
  return plainAddress(hostPort.slice(0, end)) || undefined;
}

/**
 * The port of `host:port`.
 *
 * @returns `undefined` if there is none, or if it is no number from 1 to 65535.
 */
export function portOf(hostPort: string): number | undefined {
  const end = hostEnd(hostPort);
  return hostPort[end] === ':' ? parsePort(hostPort, end + 1) : undefined;
}

/** Where the host ends: before the colon of a port, or with the text; 0 if a bracket is never closed. */
function hostEnd(hostPort: string): number {
  if (hostPort.startsWith('[')) {
    return hostPort.indexOf(']') + 1;
  }
  const colon = hostPort.indexOf(':');
  // More than one colon is an IPv6 address that lacks its brackets, and then none of them announces a port.
  return colon < 0 || hostPort.includes(':', colon + 1) ? hostPort.length : colon;
}

const DIGIT_0 = 48;
const MAX_PORT_DIGITS = 5;

function parsePort(text: string, start: number): number | undefined {
  const digits = text.length - start;
  if (digits < 1 || digits > MAX_PORT_DIGITS) {
    return undefined;
  }
  let port = 0;
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - DIGIT_0;
    if (digit < 0 || digit > 9) {
      return undefined;
    }
    port = port * 10 + digit;
  }
  return port > 0 && port <= 65535 ? port : undefined;
}

/** `network.type` of an IP address; `undefined` for a name or a path. */
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
